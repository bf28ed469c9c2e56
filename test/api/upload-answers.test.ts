import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { createLocalDisk } from '../../src/adapters/local-disk/local-disk.ts'
import { anotherInstance } from '../support/another-instance.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { base64, tusOn } from '../support/tus.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

async function editor() {
  const drive = await api.drive()
  const who = await drive.member(roles.EDITOR)
  return { who, ...tusOn(api, who, drive.driveId) }
}

describe('an upload', () => {
  test('tells again what it was begun with, whatever else a client said in it', async () => {
    const tus = await editor()
    const metadata = `path ${base64('a.txt')}, mine ${base64('ü')},flag , other not-base64!`
    const begun = await tus.send({ method: 'POST', url: tus.collection, headers: { 'upload-length': '3', 'upload-metadata': metadata } })
    const url = String(begun.headers.location)
    expect((await tus.head(url)).headers['upload-metadata']).toBe(metadata)
    await tus.patch(url, 0, 'abc')
    expect((await tus.head(url)).headers['upload-metadata']).toBe(metadata)
    const long = await tus.send({ method: 'POST', url: tus.collection, headers: { 'upload-length': '3', 'upload-metadata': `path ${base64('a.txt')},x ${'A'.repeat(8192)}` } })
    expect([long.statusCode, long.json<{ detail: unknown }>().detail]).toEqual([422, [{ loc: ['headers', 'Upload-Metadata'], msg: expect.stringContaining('8192'), type: 'length' }]])
  })

  test('that is not finished is listed to whoever began it, until it is', async () => {
    const tus = await editor()
    const list = async (key = tus.who.key) => (await api.app.inject({ url: tus.collection, headers: { authorization: key } })).json<{ items: { id: string; path: string; size_bytes: number; offset_bytes: number }[] }>().items
    const begun = await tus.send({ method: 'POST', url: tus.collection, headers: { 'upload-length': '3', 'upload-metadata': `path ${base64('in/a.txt')}` } })
    const url = String(begun.headers.location)
    await tus.patch(url, 0, 'ab')
    expect(await list()).toMatchObject([{ id: url.split('/').at(-1), path: expect.stringMatching(/\/in\/a\.txt$/), size_bytes: 3, offset_bytes: 2 }])
    const other = await api.person()
    await api.pool.query('INSERT INTO drive_members (drive_id, user_id, role, created_at) VALUES ($1, $2, 50, now())', [tus.collection.split('/')[3], other.userId])
    expect(await list(other.key)).toEqual([])
    await tus.patch(url, 2, 'c')
    expect(await list()).toEqual([])
  })

  test('whose first bytes are refused is begun all the same, and says where', async () => {
    const tus = await editor()
    const headers = { 'upload-length': '3', 'upload-metadata': `path ${base64('a.txt')}`, 'content-type': 'application/offset+octet-stream', 'upload-checksum': `sha1 ${base64('another digest of 20')}` }
    const refused = await tus.send({ method: 'POST', url: tus.collection, headers, payload: 'abc' })
    expect(refused.statusCode).toBe(460)
    const done = await tus.patch(String(refused.headers.location), 0, 'abc')
    expect([done.statusCode, typeof done.headers['dailies-asset-id']]).toEqual([204, 'string'])
  })

  test('in parts that are to be put together is refused in words', async () => {
    const tus = await editor()
    const refused = await tus.send({ method: 'POST', url: tus.collection, headers: { 'upload-length': '3', 'upload-concat': 'partial' } })
    expect([refused.statusCode, JSON.stringify(refused.json())]).toEqual([422, expect.stringContaining('parallelUploads: 1')])
  })

  test('is refused to who has a thousand unfinished ones on the drive', async () => {
    const tus = await editor()
    const begin = () => tus.send({ method: 'POST', url: tus.collection, headers: { 'upload-length': '3', 'upload-metadata': `path ${base64('a.txt')}` } })
    expect((await begin()).statusCode).toBe(201)
    await api.pool.query(
      `INSERT INTO uploads (drive_id, id, directory, name, on_conflict, content_type, size_bytes, offset_bytes, state, asset_id, store_upload_id, created_by, created_at, expires_at)
       SELECT drive_id, gen_random_uuid(), directory, name, on_conflict, content_type, size_bytes, offset_bytes, state, gen_random_uuid(), '', created_by, created_at, expires_at FROM uploads, generate_series(1, 999) WHERE created_by = $1`,
      [tus.who.userId],
    )
    const refused = await begin()
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '60'])
    await api.pool.query('DELETE FROM uploads WHERE created_by = $1', [tus.who.userId])
  })

  test('lies below the path that the server is reached at from without', async () => {
    const tus = await editor()
    const outside = await anotherInstance(api, { storage: (links) => createLocalDisk({ root: join(api.folder, 'objects'), links }), publicUrl: 'https://media.example.com/dailies' })
    try {
      for (const prefix of ['', '/v1']) {
        const headers = { authorization: tus.who.key, 'tus-resumable': '1.0.0', 'upload-length': '3', 'upload-metadata': `path ${base64(`a${prefix.length}.txt`)}` }
        const begun = await fetch(`${outside.origin}${prefix}${tus.collection}`, { method: 'POST', headers })
        const location = begun.headers.get('location') ?? ''
        expect(location.startsWith(`/dailies${prefix}${tus.collection}/`)).toBe(true)
        expect((await tus.head(location.slice('/dailies'.length))).headers['upload-offset']).toBe('0')
      }
    } finally {
      await outside.stop()
    }
  })
})

describe('OPTIONS', () => {
  test('says what the protocol can do, to anybody and to a browser’s preflight', async () => {
    const { collection } = await editor()
    for (const headers of [{}, { origin: 'https://app.example.com', 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization,tus-resumable,upload-offset,content-type' }]) {
      for (const url of [collection, `${collection}/x`, `/v1${collection}`]) {
        const answer = await api.app.inject({ method: 'OPTIONS', url, headers })
        expect(answer.statusCode).toBe(204)
        expect(answer.headers).toMatchObject({ 'tus-version': '1.0.0', 'tus-extension': 'creation,creation-with-upload,checksum,expiration,termination', 'tus-checksum-algorithm': 'sha1,md5,sha256', 'tus-max-size': String(5 * 2 ** 40) })
        expect(answer.headers['access-control-allow-methods']).toContain('PATCH')
      }
    }
    const answer = await api.app.inject({ method: 'OPTIONS', url: collection, headers: { 'access-control-request-headers': 'tus-resumable,upload-metadata' } })
    expect(answer.headers['access-control-allow-headers']).toBe('tus-resumable,upload-metadata')
    for (const name of ['Location', 'Dailies-Asset-Id', 'Upload-Offset', 'Upload-Expires', 'Upload-Metadata', 'Tus-Resumable']) expect(answer.headers['access-control-expose-headers']).toContain(name)
  })

  test('and every answer of an upload, a refusal too, says the version', async () => {
    const { collection } = await editor()
    const answer = await api.app.inject({ method: 'POST', url: collection })
    expect([answer.statusCode, answer.headers['tus-resumable']]).toEqual([401, '1.0.0'])
  })
})
