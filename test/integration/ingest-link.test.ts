import { afterAll, beforeAll, expect, test } from 'vitest'
import { and, eq } from 'drizzle-orm'
import { roles } from '../../src/access/actions.ts'
import { localScope } from '../../src/access/local-scope.ts'
import { findObjects } from '../../src/cli/find-objects.ts'
import { assets, objects } from '../../src/db/schema/index.ts'
import type { OnConflict } from '../../src/features/ingest/ingest.service.ts'
import { parseAssetPath } from '../../src/model/asset-path.ts'
import { purgeTrash } from '../../src/features/trash/trash.jobs.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness({ connections: 5 })
})
afterAll(() => api.stop())

let number = 0
async function bucket(text = 'film') {
  const drive = await api.drive()
  const key = `archive/${(number += 1)}/spot.mov`
  await api.storage.put(key, Buffer.from(text), { contentType: 'video/quicktime' })
  const link = (path = 'spot.mov', onConflict: OnConflict = 'version', driveId = drive.driveId) => api.services.linkObject(localScope(driveId), { key, path: parseAssetPath(path, driveId), onConflict })
  return { drive, driveId: drive.driveId, key, link }
}
const rowOf = async (driveId: string, key: string) => (await api.db.select().from(objects).where(and(eq(objects.driveId, driveId), eq(objects.key, key))))[0]

test('an object becomes an asset where it lies, is read from there, and is not ours', async () => {
  const { drive, driveId, key, link } = await bucket()
  const linked = await link('day 1/spot.mov')
  expect(linked).toEqual({ state: 'uploaded', assetId: expect.any(String), path: `/${driveId}/day 1/spot.mov` })
  expect(await rowOf(driveId, key)).toMatchObject({ state: 'stored', isOwned: false, referenceCount: 1, sizeBytes: 4 })
  const viewer = await drive.member(roles.DOWNLOADER)
  const source = await api.as(viewer)({ url: `/assets/${linked.assetId}/source`, query: { drive_id: driveId } })
  expect((await api.app.inject({ url: new URL(String(source.headers.location), 'http://x').href.replace('http://x', '') })).body).toBe('film')
})

test('is linked once in a drive, by however many at once, under whatever path; and again in another drive', async () => {
  const { driveId, key, link } = await bucket()
  const all = await Promise.all(Array.from({ length: 8 }, (_, index) => link(`${index % 3}/spot.mov`)))
  expect(all.filter((each) => each.state === 'uploaded')).toHaveLength(1)
  expect(new Set(all.map((each) => each.path)).size).toBe(1)
  expect(await link('elsewhere.mov')).toMatchObject({ state: 'skipped', reason: 'unchanged', assetId: all[0]?.assetId })
  expect(await api.db.select().from(assets).where(eq(assets.driveId, driveId))).toHaveLength(1)
  expect(await rowOf(driveId, key)).toMatchObject({ referenceCount: 1 })
  expect(await link('spot.mov', 'version', (await api.drive()).driveId)).toMatchObject({ state: 'uploaded' })
})

test('a path that is taken is solved as asked', async () => {
  const { drive, driveId, key, link } = await bucket()
  const holder = await drive.asset({ name: 'spot.mov' })
  expect(await link('spot.mov', 'skip')).toEqual({ state: 'skipped', reason: 'conflict', assetId: holder, path: `/${driveId}/spot.mov` })
  expect(await rowOf(driveId, key)).toBeUndefined()
  expect(await link('spot.mov', 'version')).toMatchObject({ state: 'uploaded', path: `/${driveId}/spot_v2.mov` })
})

test('refuses our own keys, what is not there, and what is no key', async () => {
  const { drive, driveId } = await bucket()
  const id = await drive.asset({ bytes: Buffer.from('film') })
  const link = (key: string) => api.services.linkObject(localScope(driveId), { key, path: parseAssetPath('x.mov', driveId), onConflict: 'version' })
  await expect(link(`drives/${driveId}/assets/${id}/source`)).rejects.toThrow('Keys below drives/ are the server’s own')
  await expect(link('drives')).rejects.toThrow('Keys below drives/')
  await expect(link('archive/nothing.mov')).rejects.toThrow('Object not found')
  await expect(link('archive/../drives/x')).rejects.toThrow('The object key is not valid')
})

test('its bytes outlive its asset; in the trash it is not linked again, after the purge it is', async () => {
  const { driveId, key, link } = await bucket()
  const { assetId } = await link()
  await api.db.update(assets).set({ deletedAt: api.clock.now(), purgeAfter: api.clock.now() }).where(eq(assets.id, assetId ?? ''))
  await expect(link()).rejects.toThrow(`Its asset ${assetId} is in the trash`)
  const purge = api.handlers.find((each) => each.job.name === purgeTrash.name)
  api.advance(1000)
  await purge?.run({ drive_id: driveId }, { signal: AbortSignal.timeout(10_000), attempt: 1, isLast: true }, () => {
    throw new Error('it needs no scope')
  })
  expect(await api.db.select().from(assets).where(eq(assets.driveId, driveId))).toEqual([])
  expect(await api.storage.head(key)).toMatchObject({ size: 4 })
  expect(await link()).toMatchObject({ state: 'uploaded' })
  // As it is where the purge was cut off before the row went.
  await api.db.delete(assets).where(eq(assets.driveId, driveId))
  await api.store.objects.unreference(driveId, [(await rowOf(driveId, key))?.id ?? ''])
  expect(await link()).toMatchObject({ state: 'uploaded' })
  expect(await rowOf(driveId, key)).toMatchObject({ referenceCount: 1, state: 'stored', unreferencedAt: null })
})

test('what lies below a key keeps its folders; markers of folders and what systems leave are passed over', async () => {
  const put = (key: string) => api.storage.put(key, Buffer.from('x'), { contentType: 'text/plain' })
  for (const key of ['cards/A/1.mov', 'cards/A/.DS_Store', 'cards/A/B/2.mov', 'cards/C.mov', 'cardsx/3.mov']) await put(key)
  const found = await findObjects(api.storage, ['cards/', 'cards/A/1.mov', 'drives/', 'nothing/'])
  expect(found.files.map((each) => [each.file, each.relative])).toEqual([['cards/A/1.mov', 'A/1.mov'], ['cards/A/B/2.mov', 'A/B/2.mov'], ['cards/C.mov', 'C.mov']])
  expect(found.failed).toEqual([{ file: 'drives/', reason: 'What lies below drives/ is the server’s own' }, { file: 'nothing/', reason: 'Nothing lies below it' }])
})
