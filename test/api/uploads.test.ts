import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { eq } from 'drizzle-orm'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { assets, objects, uploads } from '../../src/db/schema/index.ts'
import { sweepUploads } from '../../src/features/uploads/uploads.jobs.ts'
import { runDueJobs } from '../../src/jobs/worker.ts'
import { objectKeys } from '../../src/objects/object-keys.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { base64, chunkType, idIn, tusOn } from '../support/tus.ts'

let api: Harness
let workers: Pool
beforeAll(async () => {
  api = await startHarness({ uploadTimes: { leaseMs: 2000, renewMs: 200, waitMs: 600, pollMs: 50 } })
  workers = api.morePool()
})
afterAll(async () => {
  await workers.end()
  await api.stop()
})

async function editor() {
  const drive = await api.drive()
  const who = await drive.member(roles.EDITOR)
  return { drive, who, driveId: drive.driveId, ...tusOn(api, who, drive.driveId) }
}
const bytesOf = async (driveId: string, assetId: string) => {
  const opened = await api.storage.open(objectKeys.source(driveId, assetId))
  const chunks: Buffer[] = []
  for await (const chunk of opened?.body ?? []) chunks.push(chunk as Buffer) // of a byte stream
  return Buffer.concat(chunks)
}
const assetsOf = (driveId: string) => api.db.select().from(assets).where(eq(assets.driveId, driveId))
const rowOf = async (url: string) => (await api.db.select().from(uploads).where(eq(uploads.id, idIn(url))))[0]
const detailOf = (answer: { json: () => unknown }) => (answer.json() as { detail: unknown }).detail
const sweep = async () => {
  await api.store.jobs.enqueue(sweepUploads, {})
  await runDueJobs(workers, api.handlers)
}

describe('an upload', () => {
  test('is begun, sent in two pieces, asked in between, and is an asset', async () => {
    const tus = await editor()
    const begun = await tus.create(6, { path: 'spots/für élise.mov'.normalize('NFD'), mime_type: 'video/quicktime' })
    expect(begun.statusCode).toBe(201)
    expect(begun.headers).toMatchObject({ 'tus-resumable': '1.0.0', location: expect.stringMatching(`^${tus.collection}/[0-9a-f-]{36}$`) })
    expect(new Date(String(begun.headers['upload-expires'])).getTime() - Date.now()).toBeGreaterThan(86_000_000)
    const url = String(begun.headers.location)

    const first = await tus.patch(url, 0, 'abc')
    expect([first.statusCode, first.headers['upload-offset'], first.headers['dailies-asset-id'], first.body]).toEqual([204, '3', undefined, ''])
    const half = await tus.head(url)
    expect([half.statusCode, half.headers['upload-offset'], half.headers['upload-length'], half.headers['cache-control']]).toEqual([200, '3', '6', 'no-store'])
    expect(half.headers['upload-expires']).toMatch(/ GMT$/)
    expect(await assetsOf(tus.driveId)).toEqual([])

    const last = await tus.patch(url, 3, 'def')
    const assetId = String(last.headers['dailies-asset-id'])
    expect([last.statusCode, last.headers['upload-offset']]).toEqual([204, '6'])
    expect((await bytesOf(tus.driveId, assetId)).toString()).toBe('abcdef')
    const asset = await api.as(tus.who)({ url: `/assets/${assetId}`, query: { drive_id: tus.driveId } })
    expect(asset.json()).toMatchObject({ path: `/${tus.driveId}/spots/für élise.mov`, size_bytes: 6, type: 'VIDEO' })
    expect((await assetsOf(tus.driveId))[0]).toMatchObject({ createdBy: tus.who.userId, contentType: 'video/quicktime', contentHash: null })

    const after = await tus.head(url)
    expect([after.statusCode, after.headers['upload-offset'], after.headers['dailies-asset-id']]).toEqual([200, '6', assetId])
    const again = await tus.patch(url, 6, '')
    expect([again.statusCode, again.headers['dailies-asset-id']]).toEqual([204, assetId])
    expect((await tus.patch(url, 6, 'g')).statusCode).toBe(413)
    expect((await tus.patch(url, 3, 'def')).statusCode).toBe(409)
    expect((await rowOf(url))?.lockedBy).toBeNull()
    expect((await workers.query('SELECT FROM graphile_worker.jobs WHERE key = $1', [`upload:${idIn(url)}`])).rows).toEqual([])
  })

  test('gets its SHA-256 when it is looked at, and of what is no film too', async () => {
    const tus = await editor()
    for (const name of ['notes.txt', 'broken.mov', 'still.jpg']) {
      const bytes = name === 'still.jpg' ? Buffer.from('ffd8ffe000104a46494600', 'hex') : randomBytes(1000)
      const assetId = String((await tus.patch(await tus.begun(bytes.length, name), 0, bytes)).headers['dailies-asset-id'])
      await runDueJobs(workers, api.handlers)
      const [row] = await api.db.select().from(assets).where(eq(assets.id, assetId))
      expect([name, row?.contentHash?.toString('hex')]).toEqual([name, createHash('sha256').update(bytes).digest('hex')])
    }
  })

  test('of no bytes is an asset at once, and one whose bytes come along is begun and sent in one', async () => {
    const tus = await editor()
    const none = await tus.create(0, { path: 'empty.txt' })
    expect([none.statusCode, none.headers['dailies-asset-id']]).toEqual([201, expect.stringMatching(/^[0-9a-f-]{36}$/)])
    const whole = await tus.send({ method: 'POST', url: tus.collection, payload: 'abc', headers: { 'content-type': chunkType, 'upload-length': '3', 'upload-metadata': `path ${base64('whole.txt')}` } })
    expect([whole.statusCode, whole.headers['upload-offset'], whole.headers['location']]).toEqual([201, '3', expect.stringContaining('/uploads/')])
    expect((await bytesOf(tus.driveId, String(whole.headers['dailies-asset-id']))).toString()).toBe('abc')
    const part = await tus.send({ method: 'POST', url: tus.collection, payload: 'ab', headers: { 'content-type': chunkType, 'upload-length': '3', 'upload-metadata': `path ${base64('part.txt')}` } })
    expect([part.statusCode, part.headers['upload-offset'], part.headers['dailies-asset-id']]).toEqual([201, '2', undefined])
  })

  test('keeps the prefix that it was begun under, and takes POST in place of PATCH and DELETE', async () => {
    const tus = await editor()
    const begun = await tus.send({ method: 'POST', url: `/v1${tus.collection}`, headers: { 'upload-length': '3', 'upload-metadata': `path ${base64('a.txt')}` } })
    const url = String(begun.headers.location)
    expect(url).toMatch(/^\/v1\/workspaces/)
    const sent = await tus.send({ method: 'POST', url, payload: 'ab', headers: { 'content-type': chunkType, 'upload-offset': '0', 'x-http-method-override': 'PATCH' } })
    expect([sent.statusCode, sent.headers['upload-offset']]).toEqual([204, '2'])
    expect((await tus.send({ method: 'POST', url, headers: { 'x-http-method-override': 'DELETE' } })).statusCode).toBe(204)
    expect((await tus.send({ method: 'POST', url })).statusCode).toBe(405)
  })

  test('is its owner’s alone', async () => {
    const tus = await editor()
    const other = tusOn(api, await tus.drive.member(roles.ADMIN), tus.driveId)
    const url = await tus.begun(3, 'a.txt')
    for (const answer of [await other.head(url), await other.patch(url, 0, 'abc'), await other.end(url)]) expect(answer.statusCode).toBe(404)
    expect((await tus.patch(url, 0, 'abc')).statusCode).toBe(204)
  })

  test('that is given up leaves nothing; what has become an asset stays one', async () => {
    const tus = await editor()
    const url = await tus.begun(6, 'a.txt')
    await tus.patch(url, 0, 'abc')
    expect((await tus.end(url)).statusCode).toBe(204)
    for (const answer of [await tus.head(url), await tus.patch(url, 3, 'def'), await tus.end(url)]) expect(answer.statusCode).toBe(404)

    const whole = await tus.begun(3, 'b.txt')
    await tus.patch(whole, 0, 'abc')
    expect((await tus.end(whole)).statusCode).toBe(410)
    expect(await assetsOf(tus.driveId)).toHaveLength(1)
  })

  test('expires a day after its last byte', async () => {
    const tus = await editor()
    const url = await tus.begun(6, 'a.txt')
    api.advance(86_000_000)
    expect((await tus.patch(url, 0, 'abc')).statusCode).toBe(204)
    api.advance(86_000_000)
    await sweep()
    expect((await tus.head(url)).headers['upload-offset']).toBe('3')
    api.advance(500_000)
    for (const answer of [await tus.head(url), await tus.patch(url, 3, 'def'), await tus.end(url)]) expect(answer.statusCode).toBe(410)
    await sweep()
    expect((await tus.head(url)).statusCode).toBe(404)
    expect(await rowOf(url)).toBeUndefined()
  })
})

describe('what is refused', () => {
  test('another version of the protocol is 412, in words that say which', async () => {
    const tus = await editor()
    for (const version of ['0.2.2', '']) {
      const answer = await tus.create(3, { path: 'a.txt' }, { 'tus-resumable': version })
      expect([answer.statusCode, answer.headers['tus-version'], answer.headers['tus-resumable']]).toEqual([412, '1.0.0', '1.0.0'])
    }
    const url = await tus.begun(3, 'a.txt')
    for (const method of ['HEAD', 'PATCH', 'DELETE'] as const) expect((await api.as(tus.who)({ method, url })).statusCode).toBe(412)
  })

  test('a wrong length, metadata, path or choice is 422, and says what would be right', async () => {
    const tus = await editor()
    const begin = (headers: Record<string, string>) => tus.send({ method: 'POST', url: tus.collection, headers })
    const good = { 'upload-length': '3', 'upload-metadata': `path ${base64('a.txt')}` }
    for (const length of ['', '-1', '1.5', '0x10', '1'.repeat(16), 'x']) expect([length, (await begin({ ...good, 'upload-length': length })).statusCode]).toEqual([length, 422])
    const late = await begin({ 'upload-defer-length': '1', 'upload-metadata': good['upload-metadata'] })
    expect(detailOf(late)).toEqual([{ loc: ['headers', 'Upload-Length'], msg: expect.stringContaining('not offered'), type: 'missing' }])
    const wrong: [string, string][] = [
      ['', 'path'], ['other YQ==', 'path'], ['path', 'path'], ['path %%%', 'path'], [`path ${Buffer.from([0xff, 0xfe]).toString('base64')}`, 'path'], ['path YQ== YQ==', 'path'],
      [`path ${base64('../a.txt')}`, 'path'], [`path ${base64('a//b.txt')}`, 'path'], [`path ${base64('a\0.txt')}`, 'path'], [`filename ${base64('a/b.txt')}`, 'filename'],
      [`path ${base64('a.txt')},mime_type ${base64('nonsense')}`, 'mime_type'], [`path ${base64('a.txt')},filetype ${base64('a/b\r\nc: d')}`, 'filetype'], [`path ${base64('a.txt')},on_conflict ${base64('replace')}`, 'on_conflict'],
    ]
    for (const [text, key] of wrong) {
      const answer = await begin({ ...good, 'upload-metadata': text })
      expect([text, answer.statusCode, answer.json()]).toEqual([text, 422, expect.objectContaining({ detail: [expect.objectContaining({ loc: ['headers', 'Upload-Metadata', key] })] })])
    }
    expect(await api.db.select().from(uploads).where(eq(uploads.driveId, tus.driveId))).toEqual([])
  })

  test('what other clients say of a file is understood, and the rest passed over', async () => {
    const tus = await editor()
    await tus.patch(await tus.begun(3, { filename: 'from browser.mov', filetype: '', name: 'x', relativePath: 'null' }), 0, 'abc')
    await tus.patch(await tus.begun(3, { filename: 'other.bin', filetype: 'image/PNG' }), 0, 'abc')
    expect((await assetsOf(tus.driveId)).map(({ directory, name, contentType }) => [directory, name, contentType]).sort()).toEqual([['/', 'from browser.mov', 'video/quicktime'], ['/', 'other.bin', 'image/png']])
  })

  test('more than an upload may have is 413', async () => {
    const tus = await editor()
    expect((await tus.create(5 * 2 ** 40 + 1, { path: 'a.mov' })).statusCode).toBe(413)
    expect((await tus.create(5 * 2 ** 40, { path: 'a.mov' })).statusCode).toBe(201)
  })

  test('a wrong offset is 409, a wrong type 415', async () => {
    const tus = await editor()
    const url = await tus.begun(6, 'a.txt')
    await tus.patch(url, 0, 'abc')
    for (const offset of [0, 2, 4, 6]) {
      const answer = await tus.patch(url, offset, 'd')
      expect([offset, answer.statusCode, answer.headers['upload-offset']]).toEqual([offset, 409, '3'])
    }
    for (const offset of ['', 'x', '-1']) expect((await tus.patch(url, offset, 'd')).statusCode).toBe(422)
    for (const type of ['application/octet-stream', 'text/plain', 'nonsense']) expect((await tus.patch(url, 3, 'd', { 'content-type': type })).statusCode).toBe(415)
    expect((await tus.patch(url, 3, 'def')).statusCode).toBe(204)
  })

  test('more bytes than the upload is to have are 413, announced or not, and none of the surplus is kept', async () => {
    const tus = await editor()
    const url = await tus.begun(6, 'a.txt')
    await tus.patch(url, 0, 'abc')
    expect((await tus.patch(url, 3, 'defg')).statusCode).toBe(413)
    const pieces = await tus.send({ method: 'PATCH', url, payload: Readable.from(['d', 'e', 'f', 'g'].map((each) => Buffer.from(each))), headers: { 'content-type': chunkType, 'upload-offset': '3' } })
    expect(pieces.statusCode).toBe(413)
    const { headers } = await tus.head(url)
    expect(Number(headers['upload-offset'])).toBeGreaterThanOrEqual(3)
    expect(Number(headers['upload-offset'])).toBeLessThan(6)
    const rest = Readable.from([Buffer.from('abcdef'.slice(Number(headers['upload-offset'])))])
    const last = await tus.send({ method: 'PATCH', url, payload: rest, headers: { 'content-type': chunkType, 'upload-offset': String(headers['upload-offset']) } })
    expect((await bytesOf(tus.driveId, String(last.headers['dailies-asset-id']))).toString()).toBe('abcdef')
    expect((await tus.send({ method: 'PATCH', url, payload: Readable.from([Buffer.from('g')]), headers: { 'content-type': chunkType, 'upload-offset': '6' } })).statusCode).toBe(413)
  })

  test('bytes that do not have their checksum are 460, and the right ones are taken after', async () => {
    const tus = await editor()
    const url = await tus.begun(9, 'a.txt')
    for (const [index, algorithm] of ['sha1', 'md5', 'sha256'].entries()) {
      const bytes = Buffer.from(`ab${index}`)
      const checksum = `${algorithm} ${createHash(algorithm).update(bytes).digest('base64')}`
      const wrong = await tus.patch(url, index * 3, 'xyz', { 'upload-checksum': checksum })
      expect([wrong.statusCode, wrong.json<{ title: string }>().title]).toEqual([460, 'Checksum Mismatch'])
      expect((await tus.head(url)).headers['upload-offset']).toBe(String(index * 3))
      expect((await tus.patch(url, index * 3, bytes, { 'upload-checksum': checksum })).statusCode).toBe(204)
    }
    const [asset] = await assetsOf(tus.driveId)
    expect((await bytesOf(tus.driveId, asset?.id ?? '')).toString()).toBe('ab0ab1ab2')
    const other = await tus.begun(3, 'b.txt')
    for (const checksum of ['crc32 AAAA', 'sha1', 'sha1 AAAA', 'sha256 %', `md5 ${createHash('sha1').update('x').digest('base64')}`]) expect([checksum, (await tus.patch(other, 0, 'abc', { 'upload-checksum': checksum })).statusCode]).toEqual([checksum, 400])
  })

  test('an upload that another request holds is 423, and goes on when that has been silent for long enough', async () => {
    const tus = await editor()
    const url = await tus.begun(3, 'a.txt')
    await workers.query(`UPDATE uploads SET locked_by = gen_random_uuid(), locked_until = now() + interval '1 hour' WHERE id = $1`, [idIn(url)])
    for (const answer of [await tus.head(url), await tus.patch(url, 0, 'abc')]) expect([answer.statusCode, answer.headers['retry-after']]).toEqual([423, '2'])
    expect((await rowOf(url))?.wantedBy).not.toBeNull()
    await workers.query(`UPDATE uploads SET locked_until = now() - interval '1 second' WHERE id = $1`, [idIn(url)])
    expect((await tus.patch(url, 0, 'abc')).statusCode).toBe(204)
  })
})

describe('a path that is taken', () => {
  test('is 409 from the beginning, with the asset that has it', async () => {
    const tus = await editor()
    const assetId = await tus.drive.asset({ directory: '/a/', name: 'b.txt' })
    const answer = await tus.create(3, { path: 'a/b.txt' })
    expect([answer.statusCode, answer.json()]).toEqual([409, expect.objectContaining({ asset_id: assetId, detail: 'Another asset has this path' })])
    for (const on_conflict of ['rename', 'version']) await tus.patch(await tus.begun(3, { path: 'a/b.txt', on_conflict }), 0, 'abc')
    expect((await assetsOf(tus.driveId)).map(({ name }) => name).sort()).toEqual(['b (2).txt', 'b.txt', 'b_v2.txt'])
  })

  test('meanwhile is 409 until it is free, and the bytes stay for that', async () => {
    const tus = await editor()
    const url = await tus.begun(3, 'a.txt')
    const holder = await tus.drive.asset({ name: 'a.txt' })
    for (const answer of [await tus.patch(url, 0, 'abc'), await tus.patch(url, 3, '')]) expect([answer.statusCode, answer.json()]).toEqual([409, expect.objectContaining({ asset_id: holder })])
    expect((await tus.head(url)).statusCode).toBe(409)
    await workers.query(`UPDATE graphile_worker._private_jobs SET run_at = now() WHERE key = $1`, [`upload:${idIn(url)}`])
    await runDueJobs(workers, api.handlers)
    await api.db.update(assets).set({ name: 'b.txt' }).where(eq(assets.id, holder))
    const { statusCode, headers } = await tus.head(url)
    expect(statusCode).toBe(200)
    expect((await bytesOf(tus.driveId, String(headers['dailies-asset-id']))).toString()).toBe('abc')
  })

  test('to the end costs the upload, its bytes and its object', async () => {
    const tus = await editor()
    const url = await tus.begun(3, 'a.txt')
    await tus.drive.asset({ name: 'a.txt' })
    await tus.patch(url, 0, 'abc')
    const { assetId = '' } = (await rowOf(url)) ?? {}
    expect(await api.storage.head(objectKeys.source(tus.driveId, assetId))).toBeDefined()
    api.advance(86_400_001)
    await sweep()
    expect(await api.storage.head(objectKeys.source(tus.driveId, assetId))).toBeUndefined()
    expect(await api.db.select().from(objects).where(eq(objects.id, idIn(url)))).toEqual([])
    expect((await tus.head(url)).statusCode).toBe(404)
  })
})
