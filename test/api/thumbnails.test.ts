import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import jwt, { type JwtPayload } from 'jsonwebtoken'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import type { Asset } from '../../src/assets/asset.schemas.ts'
import { attachments, type UploadAnswer } from '../support/attachments.ts'
import { type Harness, type Person, startHarness } from '../support/harness.ts'

let api: Harness
let files: ReturnType<typeof attachments>
beforeAll(async () => {
  api = await startHarness()
  files = attachments(api)
})
afterAll(() => api.stop())

const picture = (width = 300, height = 200, background = '#ff0000') => sharp({ create: { width, height, channels: 3, background } })

async function room() {
  const drive = await api.drive()
  const editor = await drive.member(roles.EDITOR)
  return { ...drive, editor, assetId: await drive.asset() }
}
type Room = Awaited<ReturnType<typeof room>>

const set = ({ assetId, driveId, editor }: Pick<Room, 'assetId' | 'driveId' | 'editor'>, payload: object, who: Person = editor) =>
  api.as(who)({ method: 'POST', url: `/assets/${assetId}/custom-thumbnail`, payload: { drive_id: driveId, ...payload } })
const reset = ({ assetId, driveId, editor }: Room) => api.as(editor)({ method: 'DELETE', url: `/assets/${assetId}/custom-thumbnail`, query: { drive_id: driveId } })
const follow = async (url: string | null) => (await api.app.inject({ url: url ?? '' })).rawPayload

/** Everything of the drive in the store, but for sources. */
async function keysOf({ driveId }: Pick<Room, 'driveId'>): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of api.storage.list(`drives/${driveId}/`)) keys.push(key)
  return keys
}
const objectsOf = async ({ driveId }: Pick<Room, 'driveId'>) =>
  (await api.pool.query<{ kind: string; state: string; n: number }>(`SELECT kind, state, reference_count AS n FROM objects WHERE drive_id = $1 AND kind <> 'source' ORDER BY kind, id`, [driveId])).rows
async function sweep() {
  const handler = api.handlers.find((each) => each.job.name === 'objects:sweep')
  await handler?.run({}, { signal: AbortSignal.timeout(10_000), attempt: 1, isLast: false }, () => Promise.reject(new Error('unused')) as never)
}
const idIn = (token: string) => (jwt.decode(token) as JwtPayload).jti ?? ''

describe('a custom thumbnail', () => {
  test('is drawn anew: upright, in sRGB, at most 1920 pixels, without metadata; the upload is used up', async () => {
    const here = await room()
    const before = (await api.as(here.editor)({ url: `/assets/${here.assetId}`, query: { drive_id: here.driveId } })).json<Asset>()
    const photo = await picture(4000, 3000).withExif({ IFD0: { ImageDescription: 'secret place' } }).withMetadata({ orientation: 6 }).jpeg().toBuffer()
    const token = await files.uploaded(here.editor, here.driveId, photo, { mime_type: 'image/jpeg', name: 'cover.jpg' })
    const answer = await set(here, { attachment_token: token })
    expect(answer.statusCode).toBe(200)
    const asset = answer.json<Asset>()
    const drawn = await follow(asset.custom_thumbnail)
    const metadata = await sharp(drawn).metadata()
    expect(metadata).toMatchObject({ format: 'jpeg', width: 1440, height: 1920, space: 'srgb' })
    expect([metadata.exif, metadata.icc, metadata.xmp, metadata.orientation]).toEqual([undefined, undefined, undefined, undefined])
    expect(drawn.includes('secret place')).toBe(false)
    expect(Date.parse(asset.updated)).toBeGreaterThanOrEqual(Date.parse(before.updated))
    const { rows } = await api.pool.query('SELECT version FROM assets WHERE id = $1', [here.assetId])
    expect(rows).toEqual([{ version: 2 }])
    const told = await api.pool.query('SELECT action, after FROM activity WHERE asset_id = $1', [here.assetId])
    expect(told.rows).toEqual([{ action: 'asset.thumbnail_set', after: { name: 'cover.jpg', width: 1440, height: 1920 } }])
    expect((await keysOf(here)).map((key) => key.replace(/[^/]+$/, ''))).toEqual([`drives/${here.driveId}/assets/${here.assetId}/thumbnail/`])
  })

  test('takes the place of the one before it, and stands before the poster; without it the poster is back', async () => {
    const here = await room()
    const preview = async () => {
      const link = await api.as(here.editor)({ url: `/assets/${here.assetId}/download`, query: { drive_id: here.driveId, origin_type: 'PREVIEW' } })
      return link.statusCode === 200 ? sharp(await follow(link.json<string>())).stats().then(({ dominant: { r, g, b } }) => (r > 200 ? 'red' : g > 200 ? 'green' : b > 200 ? 'blue' : 'dark')) : link.statusCode
    }
    expect(await preview()).toBe(404)
    const poster = await picture(40, 20, '#0000ff').jpeg().toBuffer()
    const key = `drives/${here.driveId}/assets/${here.assetId}/poster/p.jpg`
    await api.storage.put(key, poster, { contentType: 'image/jpeg' })
    await api.pool.query(`INSERT INTO objects (drive_id, id, kind, key, state, size_bytes, content_type, reference_count, created_at) VALUES ($1, $2, 'poster', $3, 'stored', 1, 'image/jpeg', 1, now())`, [here.driveId, here.assetId, key])
    await api.pool.query(`INSERT INTO renditions (drive_id, id, asset_id, object_id, kind, created_at) VALUES ($1, $2, $2, $2, 'poster', now())`, [here.driveId, here.assetId])
    expect(await preview()).toBe('blue')
    for (const [colour, name] of [['#ff0000', 'red'], ['#00ff00', 'green']] as const) {
      const token = await files.uploaded(here.editor, here.driveId, await picture(30, 20, colour).png().toBuffer())
      expect((await set(here, { attachment_token: token })).statusCode).toBe(200)
      expect(await preview()).toBe(name)
    }
    expect((await objectsOf(here)).filter(({ kind }) => kind === 'thumbnail').map(({ n }) => n)).toEqual([0, 1])
    const { rows: [thumbnail] } = await api.pool.query<{ id: string }>(`SELECT id FROM renditions WHERE asset_id = $1 AND kind = 'thumbnail'`, [here.assetId])
    expect((await api.as(here.editor)({ url: `/proxies/${thumbnail?.id}`, query: { drive_id: here.driveId } })).json()).toMatchObject({ status: 404, detail: 'Proxy not found' })

    const first = await reset(here)
    const second = await reset(here)
    expect([first.statusCode, first.json<Asset>().custom_thumbnail, second.statusCode, second.json<Asset>()]).toEqual([200, null, 200, first.json()])
    expect(await preview()).toBe('blue')
    api.advance(86_400_000 + 60_000)
    await api.pool.query(`UPDATE objects SET unreferenced_at = unreferenced_at - interval '2 days' WHERE unreferenced_at IS NOT NULL`)
    await sweep()
    expect((await objectsOf(here)).map(({ kind }) => kind)).toEqual(['poster'])
    expect((await keysOf(here))).toEqual([key])
  })

  test('needs no drive in the body', async () => {
    const here = await room()
    const attachment_token = await files.uploaded(here.editor, here.driveId, await picture().png().toBuffer())
    const answer = await api.as(here.editor)({ method: 'POST', url: `/v1/assets/${here.assetId}/custom-thumbnail`, payload: { attachment_token } })
    expect(answer.json()).toMatchObject({ id: here.assetId, custom_thumbnail: expect.stringContaining('/thumbnail/') })
  })
})

describe('a token', () => {
  test('that is missing, of nonsense, of another drive, of another uploader or out of time is refused', async () => {
    const [here, there] = [await room(), await room()]
    await there.join(here.editor.userId, roles.EDITOR)
    const other = await here.member(roles.ADMIN)
    const bytes = await picture().png().toBuffer()
    const refusal = async (payload: object, who?: Person) => {
      const answer = await set(here, payload, who)
      return [answer.statusCode, ...answer.json<{ detail: { loc: string[]; msg: string; type: string }[] }>().detail.map(({ loc, msg, type }) => `${loc.join('.')} ${type}: ${msg}`)]
    }
    expect(await refusal({})).toEqual([422, 'body.attachment_token missing: is required'])
    const wrong = [422, 'body.attachment_token attachment_token: Attachment token is invalid or expired']
    const own = await files.uploaded(here.editor, here.driveId, bytes)
    for (const attachment_token of ['x', 'a.b.c', `${own}x`, own.slice(1), here.editor.key, await files.uploaded(here.editor, there.driveId, bytes)]) expect([attachment_token, await refusal({ attachment_token })]).toEqual([attachment_token, wrong])
    expect(await refusal({ attachment_token: own }, other)).toEqual(wrong)
    const text = await files.uploaded(here.editor, here.driveId, Buffer.from('hello'), { mime_type: 'text/html' })
    expect(await refusal({ attachment_token: text })).toEqual([422, 'body.attachment_token attachment_token: A thumbnail is an image; this attachment is text/html'])
    const { token: pending } = (await files.ask(here.editor, here.driveId, { size: 10 })).json<UploadAnswer>()
    expect(await refusal({ attachment_token: pending })).toEqual([422, 'body.attachment_token attachment_token: Attachment is not uploaded'])
    api.advance(86_400_000 + 1000)
    expect(await refusal({ attachment_token: own })).toEqual(wrong)
    expect((await objectsOf(here)).every(({ kind, state }) => kind === 'attachment' && state === 'reserved')).toBe(true)
  })

  test('counts once, whoever is quicker; the bytes are gone at once, and what its link brings again goes with the sweep', async () => {
    const busy = await startHarness({ connections: 8 })
    try {
      const drive = await busy.drive()
      const editor = await drive.member(roles.EDITOR)
      const assetId = await drive.asset()
      const sending = attachments(busy)
      const bytes = await picture().png().toBuffer()
      const upload = (await sending.ask(editor, drive.driveId, { size: bytes.length })).json<UploadAnswer>()
      await sending.put(upload, bytes)
      const use = () => busy.as(editor)({ method: 'POST', url: `/assets/${assetId}/custom-thumbnail`, payload: { attachment_token: upload.token } })
      const answers = await Promise.all(Array.from({ length: 12 }, use))
      expect(answers.map((each) => each.statusCode).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 409)])
      expect(answers.find((each) => each.statusCode === 409)?.json()).toMatchObject({ detail: 'Attachment token was used already' })
      const key = `drives/${drive.driveId}/attachments/${idIn(upload.token)}`
      expect(await busy.storage.head(key)).toBeUndefined()
      const { rows } = await busy.pool.query('SELECT kind, state FROM objects WHERE drive_id = $1 AND reference_count = 1 ORDER BY kind', [drive.driveId])
      expect(rows).toEqual([{ kind: 'source', state: 'stored' }, { kind: 'thumbnail', state: 'stored' }])

      expect((await sending.put(upload, bytes)).statusCode).toBe(200)
      expect((await use()).statusCode).toBe(409)
      busy.advance(86_400_000 + 60_000)
      const handler = busy.handlers.find((each) => each.job.name === 'objects:sweep')
      await handler?.run({}, { signal: AbortSignal.timeout(10_000), attempt: 1, isLast: false }, () => Promise.reject(new Error('unused')) as never)
      expect(await busy.storage.head(key)).toBeUndefined()
      expect((await busy.pool.query(`SELECT 1 FROM objects WHERE drive_id = $1 AND kind = 'attachment'`, [drive.driveId])).rowCount).toBe(0)
    } finally {
      await busy.stop()
    }
  })

  test('of 1 GB with 1 kB sent stands for nothing that is uploaded; of more than 50 MiB it is too large for a thumbnail', async () => {
    const here = await room()
    const upload = (await files.ask(here.editor, here.driveId, { size: 2 ** 30 })).json<UploadAnswer>()
    expect((await files.put(upload, Buffer.alloc(1024))).statusCode).toBe(403)
    const answer = await set(here, { attachment_token: upload.token })
    expect(answer.json()).toMatchObject({ status: 422, detail: [{ type: 'attachment_token', msg: 'Attachment is not uploaded' }] })
    // A store that took it all the same: what lies there counts.
    await api.storage.put(`drives/${here.driveId}/attachments/${idIn(upload.token)}`, Buffer.alloc(1024), { contentType: 'image/png' })
    expect((await set(here, { attachment_token: upload.token })).json()).toMatchObject({ status: 422, detail: [{ msg: 'Attachment is not uploaded' }] })
    const large = await files.uploaded(here.editor, here.driveId, Buffer.alloc(50 * 2 ** 20 + 1))
    expect((await set(here, { attachment_token: large })).json()).toMatchObject({ status: 413, detail: 'A thumbnail may have 52428800 bytes' })
    expect(await readdir(join(api.folder, 'jobs')).catch(() => [])).toEqual([])
    api.advance(86_400_000 + 60_000)
    await sweep()
    expect([await objectsOf(here), await keysOf(here)]).toEqual([[], []])
  })
})
