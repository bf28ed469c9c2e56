import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { Upload, type UploadOptions } from 'tus-js-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { createLocalDisk } from '../../src/adapters/local-disk/local-disk.ts'
import { createS3, type S3Storage } from '../../src/adapters/s3/s3.ts'
import { assets, uploads } from '../../src/db/schema/index.ts'
import { purgeDrive } from '../../src/features/drives/drives.jobs.ts'
import { finishKey, finishUpload } from '../../src/features/uploads/uploads.jobs.ts'
import { runDueJobs } from '../../src/jobs/worker.ts'
import { objectKeys } from '../../src/objects/object-keys.ts'
import type { LinkSigner } from '../../src/ports/link-signer.ts'
import type { ObjectStorage } from '../../src/ports/object-storage.ts'
import { anotherInstance } from '../support/another-instance.ts'
import { cuttingProxy } from '../support/cutting-proxy.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { type S3Double, startS3Double } from '../support/s3-double.ts'
import { base64, chunkType, idIn, tusOn } from '../support/tus.ts'

const seed = Number(process.env['UPLOAD_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
console.log(`UPLOAD_SEED=${seed}`)

/** mulberry32 */
function numbersFrom(start: number) {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
const random = numbersFrom(seed)
const film = (size: number) => Buffer.from(Uint32Array.from({ length: size / 4 }, () => random() * 2 ** 32).buffer)

type Instance = Awaited<ReturnType<typeof anotherInstance>>
let api: Harness
let instances: [Instance, Instance]
let double: S3Double
let onS3: [Instance, Instance]
const s3Stores: S3Storage[] = []

beforeAll(async () => {
  api = await startHarness()
  const disk = (links: LinkSigner) => createLocalDisk({ root: join(api.folder, 'objects'), links })
  double = await startS3Double()
  const bucket = (): ObjectStorage => {
    const store = createS3({ ...double, forcePathStyle: true })
    s3Stores.push(store)
    return store
  }
  instances = [await anotherInstance(api, { storage: disk }), await anotherInstance(api, { storage: disk })]
  onS3 = [await anotherInstance(api, { storage: bucket }), await anotherInstance(api, { storage: bucket })]
})
afterAll(async () => {
  for (const each of [...instances, ...onS3]) await each.stop()
  for (const store of s3Stores) await store.close()
  await double.close()
  await api.stop()
})

async function editor() {
  const drive = await api.drive()
  const who = await drive.member(roles.EDITOR)
  return { driveId: drive.driveId, who, ...tusOn(api, who, drive.driveId) }
}
const rowOf = async (url: string) => (await api.db.select().from(uploads).where(eq(uploads.id, idIn(url))))[0]
/** A request is at it. */
const untilHeld = (url: string) => expect.poll(async () => (await rowOf(url))?.lockedBy, { timeout: 10_000 }).toBeTruthy()
const assetsOf = (driveId: string) => api.db.select().from(assets).where(eq(assets.driveId, driveId))

async function hashIn(storage: ObjectStorage, driveId: string, assetId: string) {
  const hash = createHash('sha256')
  for await (const piece of (await storage.open(objectKeys.source(driveId, assetId)))?.body ?? []) hash.update(piece as Buffer) // of a byte stream
  return hash.digest('hex')
}
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Through a real client, until it says that it is done or gives up. */
const send = (bytes: Buffer, options: Partial<UploadOptions>) =>
  new Promise<void>((done, failed) => new Upload(bytes, { retryDelays: Array.from({ length: 40 }, () => 20), ...options, onSuccess: () => done(), onError: failed }).start())

describe.each([
  ['the disk', () => instances, 8 << 20],
  ['S3', () => onS3, 18 << 20],
] as const)('on %s', (_name, pair, size) => {
  test('a film comes whole, broken off at 20 random bytes and at its last answer, by two instances in turn', async () => {
    const { driveId, who, collection } = await editor()
    const bytes = film(size)
    const proxy = await cuttingProxy({ ports: pair().map(({ port }) => port), cuts: Array.from({ length: 20 }, () => Math.ceil((random() * size) / 21)), swallow: 'dailies-asset-id: ' })
    try {
      await send(bytes, { endpoint: `${proxy.origin}${collection}`, headers: { authorization: who.key }, metadata: { path: 'films/a.mov', filetype: 'video/quicktime' } })
      expect(proxy.left()).toBe(0)
    } finally {
      await proxy.stop()
    }
    const made = await assetsOf(driveId)
    expect(made.map(({ directory, name, sizeBytes }) => [directory, name, sizeBytes])).toEqual([['/films/', 'a.mov', size]])
    expect(await hashIn(pair()[0].storage, driveId, made[0]?.id ?? '')).toBe(hashOf(bytes))
  })

  test('pieces with checksums, one of them wrong once, by two instances in turn', async () => {
    const { driveId, who, ...tus } = await editor()
    const bytes = film(6 << 20)
    const begun = await fetch(`${pair()[0].origin}${tus.collection}`, { method: 'POST', headers: { authorization: who.key, 'tus-resumable': '1.0.0', 'upload-length': String(bytes.length), 'upload-metadata': `path ${Buffer.from('a.mov').toString('base64')}` } })
    const url = begun.headers.get('location') ?? ''
    const wrongAt = Math.floor(random() * 6)
    const statuses: number[] = []
    for (let index = 0, tries = 0; index < 6; tries += 1) {
      const piece = bytes.subarray(index << 20, (index + 1) << 20)
      const sent = index === wrongAt && statuses.at(-1) !== 460 ? Buffer.concat([piece.subarray(1), piece.subarray(0, 1)]) : piece
      const checksum = `sha256 ${createHash('sha256').update(piece).digest('base64')}`
      const headers = { authorization: who.key, 'tus-resumable': '1.0.0', 'content-type': chunkType, 'upload-offset': String(index << 20), 'upload-checksum': checksum }
      const answer = await fetch(`${pair()[tries % 2 === 0 ? 0 : 1].origin}${url}`, { method: 'PATCH', headers, body: new Uint8Array(sent) })
      statuses.push(answer.status)
      if (answer.status === 204) index += 1
    }
    expect(statuses.filter((status) => status !== 204)).toEqual([460])
    const made = await assetsOf(driveId)
    expect(made).toHaveLength(1)
    expect(await hashIn(pair()[0].storage, driveId, made[0]?.id ?? '')).toBe(hashOf(bytes))
  })
})

test.each([
  ['the disk', () => instances],
  ['S3', () => onS3],
] as const)('on %s a last piece that has not its checksum completes nothing: the offset stays, and the right one makes the film whole', async (_name, pair) => {
  const { driveId, who, ...tus } = await editor()
  const [{ origin, storage }] = pair()
  const bytes = film(14 << 20)
  const cut = 6 << 20 // both pieces are longer than a part of S3's, so that some of the wrong one are stored before the refusal
  const authorized = { authorization: who.key, 'tus-resumable': '1.0.0' }
  const begun = await fetch(`${origin}${tus.collection}`, { method: 'POST', headers: { ...authorized, 'upload-length': String(bytes.length), 'upload-metadata': `path ${base64('a.mov')}` } })
  const url = `${origin}${begun.headers.get('location')}`
  const send = async (offset: number, sent: Buffer, meant: Buffer) => {
    const checksum = `sha256 ${createHash('sha256').update(meant).digest('base64')}`
    return fetch(url, { method: 'PATCH', headers: { ...authorized, 'content-type': chunkType, 'upload-offset': String(offset), 'upload-checksum': checksum }, body: new Uint8Array(sent) })
  }
  const asked = async () => {
    const { headers } = await fetch(url, { method: 'HEAD', headers: authorized })
    return [headers.get('upload-offset'), headers.get('dailies-asset-id')]
  }
  const [first, last] = [bytes.subarray(0, cut), bytes.subarray(cut)]
  expect((await send(0, first, first)).status).toBe(204)
  for (const wrong of [film(last.length), Buffer.concat([last.subarray(0, -4), film(4)])]) {
    expect((await send(cut, wrong, last)).status).toBe(460)
    expect(await asked()).toEqual([String(cut), null])
    expect((await rowOf(url))?.state).toBe('open')
  }
  expect(await assetsOf(driveId)).toEqual([])
  const whole = await send(cut, last, last)
  expect(whole.status).toBe(204)
  expect(await hashIn(storage, driveId, whole.headers.get('dailies-asset-id') ?? '')).toBe(hashOf(bytes))
})

test('two clients at one upload make one asset, with its bytes', async () => {
  const { driveId, who, ...tus } = await editor()
  const bytes = film(4 << 20)
  const url = await tus.begun(bytes.length, 'a.mov')
  await Promise.all(instances.map(({ origin }) => send(bytes, { uploadUrl: `${origin}${url}`, headers: { authorization: who.key }, chunkSize: 256 << 10, retryDelays: Array.from({ length: 200 }, () => 10) })))
  const made = await assetsOf(driveId)
  expect(made).toHaveLength(1)
  expect(await hashIn(api.storage, driveId, made[0]?.id ?? '')).toBe(hashOf(bytes))
})

test('a request whose client is silently gone lets go when another comes, on whatever instance', async () => {
  const { who, ...tus } = await editor()
  const url = await tus.begun(1000, 'a.txt')
  const gone = connect(instances[0].port, '127.0.0.1')
  gone.on('error', () => undefined)
  gone.write(`PATCH ${url} HTTP/1.1\r\nhost: x\r\nauthorization: ${who.key}\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-type: ${chunkType}\r\ncontent-length: 1000\r\n\r\n${'a'.repeat(100)}`)
  await untilHeld(url)
  const seen = await fetch(`${instances[1].origin}${url}`, { method: 'HEAD', headers: { authorization: who.key, 'tus-resumable': '1.0.0' } })
  expect([seen.status, seen.headers.get('upload-offset')]).toEqual([200, '100'])
  expect((await tus.patch(url, 100, Buffer.alloc(900))).headers['dailies-asset-id']).toBeTruthy()
  gone.destroy()
})

test.each([
  ['refuse', ['a.mov']],
  ['rename', ['a (2).mov', 'a (3).mov', 'a (4).mov', 'a (5).mov', 'a (6).mov', 'a (7).mov', 'a (8).mov', 'a.mov']],
  ['version', ['a.mov', 'a_v2.mov', 'a_v3.mov', 'a_v4.mov', 'a_v5.mov', 'a_v6.mov', 'a_v7.mov', 'a_v8.mov']],
])('of eight uploads to one path at once, %s keeps %j', async (on_conflict, names) => {
  const { driveId, who, ...tus } = await editor()
  const urls: string[] = []
  for (let index = 0; index < 8; index += 1) urls.push(await tus.begun(8, { path: 'a.mov', on_conflict }))
  const answers = await Promise.all(
    urls.map((url, index) =>
      fetch(`${instances[index % 2 === 0 ? 0 : 1].origin}${url}`, { method: 'PATCH', body: `bytes of${index}`.slice(-8), headers: { authorization: who.key, 'tus-resumable': '1.0.0', 'content-type': chunkType, 'upload-offset': '0' } }),
    ),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([...names.map(() => 204), ...Array.from({ length: 8 - names.length }, () => 409)])
  const made = await assetsOf(driveId)
  expect(made.map(({ name }) => name).sort()).toEqual(names)
  for (const { status, ...answer } of await Promise.all(answers.map(async (each) => ({ status: each.status, body: await each.text() })))) if (status === 409) expect(JSON.parse(answer.body)).toMatchObject({ asset_id: made[0]?.id })
})

test('an upload whose instance was killed between its last byte and its asset becomes one, once, and its owner’s', async () => {
  const workers = api.morePool()
  const { driveId, who, ...tus } = await editor()
  const url = await tus.begun(3, 'a.txt')
  const key = { drive_id: driveId, upload_id: idIn(url) }
  await tus.patch(url, 0, 'ab')
  const row = await rowOf(url)
  if (!row) throw new Error('no upload')
  await tus.patch(url, 2, 'c')
  // As a kill leaves it: the row in this state, the order to finish, and once with the asset, once without.
  await api.db.update(uploads).set({ state: 'received' }).where(eq(uploads.id, key.upload_id))
  const due = async () => {
    for (let ran = 0; ran < 2; ran += 1) {
      await api.store.jobs.enqueue(finishUpload, key, ran === 0 ? finishKey(key.upload_id) : null)
      await workers.query('UPDATE graphile_worker._private_jobs SET run_at = now()')
    }
    await Promise.all([runDueJobs(workers, api.handlers), runDueJobs(workers, instances[0].handlers)])
  }
  await due()
  expect((await tus.head(url)).headers['dailies-asset-id']).toBe(row.assetId)

  const other = await tus.begun(3, 'b.txt')
  const fresh = await rowOf(other)
  if (!fresh) throw new Error('no upload')
  const { Readable } = await import('node:stream')
  await api.storage.resumable.append(objectKeys.source(driveId, fresh.assetId), fresh.storeUploadId, { offset: 0, size: 3, body: Readable.from([Buffer.from('abc')]), isAtomic: false })
  await api.db.update(uploads).set({ state: 'received', offsetBytes: 3 }).where(eq(uploads.id, fresh.id))
  key.upload_id = fresh.id
  await due()
  const made = await assetsOf(driveId)
  expect(made.map(({ id, name, createdBy }) => [id, name, createdBy]).sort()).toEqual([[row.assetId, 'a.txt', who.userId], [fresh.assetId, 'b.txt', who.userId]].sort())
  expect((await tus.head(other)).headers['dailies-asset-id']).toBe(fresh.assetId)
  await workers.end()
})

test('what is being sent to a drive that is deleted goes with it', async () => {
  const workers = api.morePool()
  const { driveId, who, ...tus } = await editor()
  const url = await tus.begun(1000, 'a.txt')
  const { assetId = '' } = (await rowOf(url)) ?? {}
  const before = await readdir(join(api.folder, 'objects', '.multipart'))
  const sending = connect(instances[0].port, '127.0.0.1')
  sending.on('error', () => undefined)
  const ended = new Promise((done) => sending.once('data', done).once('close', done)) // an answer, or none where the request was cut off
  sending.write(`PATCH ${url} HTTP/1.1\r\nhost: x\r\nauthorization: ${who.key}\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-type: ${chunkType}\r\ncontent-length: 1000\r\n\r\n${'a'.repeat(100)}`)
  await untilHeld(url)
  await api.store.jobs.enqueue(purgeDrive, { drive_id: driveId })
  await runDueJobs(workers, api.handlers)
  await ended
  expect((await tus.head(url)).statusCode).toBe(404)
  expect(await readdir(join(api.folder, 'objects', '.multipart'))).toHaveLength(before.length - 1)
  expect(await api.storage.head(objectKeys.source(driveId, assetId))).toBeUndefined()
  sending.destroy()
  await workers.end()
})
