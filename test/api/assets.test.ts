import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { previews, renditions, objects } from '../../src/db/schema/index.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

describe('GET /assets/{asset_id}', () => {
  test('answers the asset in the contract’s shape, under / and under /v1', async () => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const id = await drive.asset({ directory: '/spots/', name: 'spot.mov', systemMetadata: { width: 1920, frame_rate: '24000/1001' } })

    for (const prefix of ['', '/v1']) {
      const answer = await api.as(viewer)({ url: `${prefix}/assets/${id}`, query: { drive_id: drive.driveId } })
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(answer.json()).toMatchObject({
        id,
        drive_id: drive.driveId,
        path: `/${drive.driveId}/spots/spot.mov`,
        name: 'spot.mov',
        extension: 'mov',
        type: 'VIDEO',
        size_bytes: 1000,
        system_metadata: { width: 1920, frame_rate: '24000/1001' },
        preview_images: [],
        proxy: null,
        metadata_job_state: 'NOT_STARTED',
      })
    }
  })

  test('shows previews in the order of their frames, proxies and the states of jobs', async () => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const id = await drive.asset()
    const object = await api.db.select().from(objects).limit(1).then(([row]) => row)
    if (!object) throw new Error('no object')
    const at = new Date()
    const refer = { driveId: drive.driveId, assetId: id }
    const objectId = (await api.db.insert(objects).values({ ...object, driveId: drive.driveId, id: randomUUID(), kind: 'preview' }).returning())[0]?.id ?? ''
    await api.db.insert(previews).values([240, 0, 120].map((frame) => ({ ...refer, id: randomUUID(), objectId, frame, timestampSeconds: String(frame / 24), width: 512, height: 288 })))
    const proxy = randomUUID()
    await api.db.insert(renditions).values({ ...refer, id: proxy, objectId, kind: 'proxy', createdAt: at })

    const answer = await api.as(viewer)({ url: `/assets/${id}`, query: { drive_id: drive.driveId } })
    expect(answer.json()).toMatchObject({ proxy: { id: proxy }, audio_proxy: null })
    expect(answer.json<{ preview_images: { frame: number; timestamp: number }[] }>().preview_images.map(({ frame, timestamp }) => [frame, timestamp])).toEqual([[0, 0], [120, 5], [240, 10]])
    const list = await api.as(viewer)({ url: `/assets/${id}/previews`, query: { drive_id: drive.driveId } })
    expect(list.json()).toEqual(answer.json<{ preview_images: unknown }>().preview_images)
  })

  test('shows the main colours, the most frequent first, and none until they were looked for', async () => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const get = async (id: string) => (await api.as(viewer)({ url: `/assets/${id}`, query: { drive_id: drive.driveId } })).json<{ palette: unknown }>().palette
    expect(await get(await drive.asset())).toEqual([])
    expect(await get(await drive.asset({ palette: [[12, 34, 56], [255, 255, 255]] }))).toEqual([[12, 34, 56], [255, 255, 255]])
  })

  test('asks for the drive: 422 without, and in what is wrong about it', async () => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const id = await drive.asset()
    const missing = await api.as(viewer)({ url: `/assets/${id}` })
    expect(missing.statusCode).toBe(422)
    expect(missing.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(missing.json()).toMatchObject({ type: 'about:blank', status: 422, detail: [{ loc: ['query', 'drive_id'], type: 'missing' }] })
    const odd = await api.as(viewer)({ url: `/assets/${id}`, query: { drive_id: 'x' } })
    expect(odd.json()).toMatchObject({ detail: [{ loc: ['query', 'drive_id'], type: 'uuid' }] })
    const oddAsset = await api.as(viewer)({ url: '/assets/x', query: { drive_id: drive.driveId } })
    expect(oddAsset.json()).toMatchObject({ detail: [{ loc: ['path', 'asset_id'], type: 'uuid' }] })
  })

  test('an asset named with another drive is not found, even by who is on both', async () => {
    const [one, other] = [await api.drive(), await api.drive()]
    const viewer = await one.member(roles.VIEWER)
    await other.join(viewer.userId, roles.ADMIN)
    const id = await one.asset()
    const answer = await api.as(viewer)({ url: `/assets/${id}`, query: { drive_id: other.driveId } })
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({ detail: 'Asset not found' })
  })

  test('an asset in the trash is not found', async () => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const id = await drive.asset({ deletedAt: new Date(), purgeAfter: new Date() })
    expect((await api.as(viewer)({ url: `/assets/${id}`, query: { drive_id: drive.driveId } })).statusCode).toBe(404)
  })

  test('takes ids in capitals', async () => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const id = await drive.asset()
    const answer = await api.as(viewer)({ url: `/assets/${id.toUpperCase()}`, query: { drive_id: drive.driveId.toUpperCase() } })
    expect(answer.statusCode).toBe(200)
  })
})

describe('GET /assets/path', () => {
  test('finds an asset by its bare path, its full path, in NFC and in NFD', async () => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const id = await drive.asset({ directory: '/Tränen/', name: 'für élise.mov' })
    const paths = ['Tränen/für élise.mov', '/Tränen/für élise.mov', `/${drive.driveId}/Tränen/für élise.mov`, `${drive.driveId.toUpperCase()}/Tränen/für élise.mov`, 'Tränen/für élise.mov'.normalize('NFD')]
    for (const path of paths) {
      const answer = await api.as(viewer)({ url: '/assets/path', query: { path, drive_id: drive.driveId } })
      expect([path, answer.statusCode, answer.json<{ id: string }>().id]).toEqual([path, 200, id])
    }
  })

  test('tells names apart by their letters: case, and nothing that % or _ could mean', async () => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const names = ['a.mov', 'A.mov', '%.mov', '_.mov', "a'b.mov"]
    const ids = await Promise.all(names.map((name) => drive.asset({ name })))
    for (const [index, name] of names.entries()) {
      const answer = await api.as(viewer)({ url: '/assets/path', query: { path: name, drive_id: drive.driveId } })
      expect(answer.json<{ id: string }>().id).toBe(ids[index])
    }
  })

  test.each(['..', 'a/../b.mov', '../b.mov', './a.mov', 'a//b.mov', 'a/', '/', 'a\\b.mov', '..\\..\\x', 'a\0b.mov', 'a\nb.mov', 'x'.repeat(1017)])('refuses %j with 422', async (path) => {
    const drive = await api.drive()
    const viewer = await drive.member(roles.VIEWER)
    const answer = await api.as(viewer)({ url: '/assets/path', query: { path, drive_id: drive.driveId } })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ detail: [{ loc: ['query', 'path'] }] })
  })

  test('a drive of others and one that does not exist answer alike', async () => {
    const [own, foreign] = [await api.drive(), await api.drive()]
    const viewer = await own.member(roles.VIEWER)
    await foreign.asset({ name: 'a.mov' })
    const [seen, none] = await Promise.all([foreign.driveId, randomUUID()].map((drive_id) => api.as(viewer)({ url: '/assets/path', query: { path: 'a.mov', drive_id } })))
    expect([seen?.statusCode, seen?.json<{ detail: string }>().detail]).toEqual([404, 'Drive not found'])
    expect([none?.statusCode, none?.json<{ detail: string }>().detail]).toEqual([404, 'Drive not found'])
  })
})

describe('what an answer costs', () => {
  test('one statement each, the guard’s cache being warm', async () => {
    const warm = await startHarness({ accessCacheMs: 60_000 })
    try {
      const drive = await warm.drive()
      const viewer = await drive.member(roles.VIEWER)
      const id = await drive.asset({ name: 'a.mov' })
      const requests = [
        { url: `/assets/${id}`, query: { drive_id: drive.driveId } },
        { url: '/assets/path', query: { drive_id: drive.driveId, path: 'a.mov' } },
        { url: `/assets/${id}/previews`, query: { drive_id: drive.driveId } },
      ]
      for (const request of requests) expect((await warm.as(viewer)(request)).statusCode).toBe(200)
      for (const request of requests) {
        const { statements } = await warm.counting(() => warm.as(viewer)(request))
        expect([request.url, statements.length]).toEqual([request.url, 1])
      }
    } finally {
      await warm.stop()
    }
  })
})
