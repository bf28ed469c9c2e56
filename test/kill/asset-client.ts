import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { randomFrom } from './killed-server.ts'
import { base64, chunkType } from './tus-words.ts'

export interface Server {
  readonly origin: string
  readonly key: string
  readonly driveId: string
}

/** What the server has acknowledged of an asset. */
export interface Known {
  readonly id: string
  readonly hash: string
  readonly size: number
  path: string
  state: 'living' | 'trash' | 'purged'
}

export type Doing = 'upload' | 'move' | 'delete' | 'restore' | 'purge' | 'nothing'

/** One under way. */
interface Upload {
  readonly address: string
  readonly path: string
  readonly bytes: Buffer
  brokenAt: number
}
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}
interface Request {
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: Buffer | string
}

/** Who sends large files chooses among the first nine: more than half of them are uploads. */
const choices = ['upload', 'upload', 'upload', 'upload', 'upload', 'move', 'delete', 'restore', 'purge', 'move', 'move', 'move', 'move', 'move', 'delete', 'delete', 'restore', 'purge'] as const

/** After a kill an upload is locked for some seconds more: meanwhile most clients turn to something else. */
const lockedMs = 11_000
const tus = { 'tus-resumable': '1.0.0' }
const picture = { name: 'jpg', share: 0.25 }

/**
 * One client of the API, with assets of its own. Whatever it does it does again after the server was away, as a client would that does not know whether
 * it was heard; so an answer that says «it is so already» counts.
 */
export function assetClient({ origin, key, driveId }: Server, { number, seed, still }: { readonly number: number; readonly seed: number; readonly still: Buffer }) {
  const random = randomFrom(seed * 1000 + number)
  const isSmall = number % 3 !== 0 // which leaves time for all that is no upload
  const upTo = (most: number) => Math.floor(random() * most)
  const known: Known[] = []
  const faults: string[] = []
  const broken: Upload[] = []
  let doing: Doing = 'nothing'
  let made = 0
  let breaks = 0

  /** Undefined where nobody answered, or the answer says that something is away. */
  async function once({ method, path, headers = {}, body }: Request): Promise<Answer | undefined> {
    try {
      const answer = await fetch(origin + path, { method, headers: { authorization: key, ...headers }, ...(body !== undefined && { body }), signal: AbortSignal.timeout(30_000) })
      const text = await answer.text()
      if (answer.status < 500 && answer.status !== 423) return { status: answer.status, headers: answer.headers, text }
      if (answer.status === 500) faults.push(`${method} ${path} answered 500: ${text}`)
    } catch {
      // the server is away
    }
    await pause(50)
    return undefined
  }
  async function untilAnswered(request: Request): Promise<Answer> {
    for (let tries = 0; tries < 2400; tries += 1) {
      const answer = await once(request)
      if (answer) return answer
    }
    throw new Error(`${request.method} ${request.path} was never answered`)
  }
  const json = (method: string, path: string, body: unknown): Request => ({ method, path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

  /** Bytes that nothing else has; some are pictures, so that there are previews too. */
  function bytesOf(isPicture: boolean): Buffer {
    const most = isSmall ? 20_000 : random() < 0.2 ? 12 << 20 : 1 << 20
    const filler = Buffer.alloc(1000 + upTo(most), `client ${number} file ${made} of ${seed} `)
    return isPicture ? Buffer.concat([still, filler]) : filler
  }

  async function begin(): Promise<Upload> {
    made += 1
    const isPicture = random() < picture.share
    const bytes = bytesOf(isPicture)
    const path = `/client ${number}/${made}.${isPicture ? picture.name : 'bin'}`
    const headers = { ...tus, 'upload-length': String(bytes.length), 'upload-metadata': `path ${base64(path)}` }
    const { status, headers: told, text } = await untilAnswered({ method: 'POST', path: `/workspaces/drives/${driveId}/uploads`, headers })
    const location = told.get('location')
    if (status !== 201 || !location) throw new Error(`POST of ${path} answered ${status}: ${text}`)
    return { address: new URL(location, origin).pathname, path, bytes, brokenAt: 0 }
  }

  /** Piece by piece from where the server says, to the asset; or until nobody answers. */
  async function send(upload: Upload, from: number) {
    const { address, path, bytes } = upload
    for (let offset = from; ; ) {
      const body = bytes.subarray(offset, offset + 1 + upTo(3 << 20))
      const answer = await once({ method: 'PATCH', path: address, headers: { ...tus, 'content-type': chunkType, 'upload-offset': String(offset) }, body })
      if (!answer) {
        breaks += 1
        return void broken.push(Object.assign(upload, { brokenAt: Date.now() }))
      }
      if (answer.status !== 204) throw new Error(`PATCH of ${path} at ${offset} of ${bytes.length} answered ${answer.status}: ${answer.text}`)
      if (isDone(upload, answer)) return
      offset = Number(answer.headers.get('upload-offset'))
    }
  }

  async function resume(upload: Upload) {
    broken.splice(broken.indexOf(upload), 1)
    const answer = await untilAnswered({ method: 'HEAD', path: upload.address, headers: tus })
    if (answer.status !== 200) throw new Error(`HEAD of ${upload.path} answered ${answer.status}`)
    if (!isDone(upload, answer)) await send(upload, Number(answer.headers.get('upload-offset')))
  }

  function isDone({ path, bytes }: Upload, { headers }: Answer): boolean {
    const id = headers.get('dailies-asset-id')
    if (id !== null) known.push({ id, hash: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, path, state: 'living' })
    return id !== null
  }

  async function move(asset: Known) {
    const path = `/client ${number}/moved ${upTo(5)}/${(made += 1)}.${asset.path.split('.').at(-1)}`
    const { status, text } = await untilAnswered(json('PUT', `/assets/${asset.id}`, { drive_id: driveId, path }))
    if (status !== 200) throw new Error(`move of ${asset.path} answered ${status}: ${text}`)
    asset.path = path
  }

  /** Where it was heard before it is 404 the second time. */
  async function change(asset: Known, { state, ...request }: Request & { readonly state: Known['state'] }) {
    const { status, text } = await untilAnswered(request)
    if (status !== 200 && status !== 404) throw new Error(`${request.method} ${request.path} answered ${status}: ${text}`)
    asset.state = state
  }

  const changes: Readonly<Record<Exclude<Doing, 'nothing' | 'upload'>, { readonly from: Known['state']; readonly work: (asset: Known) => Promise<void> }>> = {
    move: { from: 'living', work: move },
    delete: { from: 'living', work: (asset) => change(asset, { method: 'DELETE', path: `/assets/${asset.id}?drive_id=${driveId}`, state: 'trash' }) },
    restore: { from: 'trash', work: (asset) => change(asset, { method: 'POST', path: `/workspaces/drives/${driveId}/trash/${asset.id}/restore`, state: 'living' }) },
    purge: { from: 'trash', work: (asset) => change(asset, { method: 'DELETE', path: `/workspaces/drives/${driveId}/trash/${asset.id}`, state: 'purged' }) },
  }

  async function step() {
    const wanted = choices[upTo(isSmall ? choices.length : 9)] ?? 'upload'
    const kind = wanted === 'upload' ? undefined : changes[wanted]
    const fitting = kind ? known.filter((asset) => asset.state === kind.from) : []
    const asset = fitting[upTo(fitting.length)]
    const unfinished = broken.find((each) => Date.now() - each.brokenAt > lockedMs || random() < 0.05)
    doing = asset ? wanted : 'upload'
    if (kind && asset) await kind.work(asset)
    else if (unfinished) await resume(unfinished)
    else await send(await begin(), 0)
  }
  const said = (error: unknown) => void faults.push(`client ${number}: ${String(error)}`)

  return {
    known,
    faults,
    doing: () => doing,
    /** How often an upload was broken off, and gone on with. */
    breaks: () => breaks,
    /** Goes on until the signal, and then brings to its end what it is at. */
    async run(signal: AbortSignal) {
      while (!signal.aborted) {
        await step().catch(said)
        doing = 'nothing'
        await pause(upTo(30))
      }
      for (let upload = broken[0]; upload; upload = broken[0]) await resume(upload).catch(said)
    },
  }
}
