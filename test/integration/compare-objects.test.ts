import { utimes } from 'node:fs/promises'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { createS3 } from '../../src/adapters/s3/s3.ts'
import { objects, uploads } from '../../src/db/schema/index.ts'
import { compareObjects } from '../../src/objects/compare-objects.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { startS3Double } from '../support/s3-double.ts'

let api: Harness | undefined
beforeEach(async () => {
  await api?.stop()
  api = await startHarness()
})
afterAll(() => api?.stop())
const harness = (): Harness => {
  if (!api) throw new Error('not started')
  return api
}

const hour = 3_600_000
const put = (key: string, text = 'abc') => harness().storage.put(key, Buffer.from(text), { contentType: 'text/plain' })
const compare = (graceHours = 0) => {
  const { store, storage } = harness()
  return compareObjects({ list: store.objectList, storage, before: new Date(Date.now() + 1000 - graceHours * hour) })
}
const agreed = { agreeing: 0, linked: 0, waiting: 0, uploading: 0, incoming: 0, young: 0, orphans: { count: 0, first: [] }, missing: { count: 0, first: [] } }

test('an empty installation agrees, and so does one whose objects are all there', async () => {
  expect(await compare()).toEqual(agreed)
  const [one, other] = [await harness().drive(), await harness().drive()]
  for (const drive of [one, other, one]) await drive.asset({ bytes: Buffer.from('film') })
  expect(await compare()).toEqual({ ...agreed, agreeing: 3 })
})

test('bytes without a row are orphans once they are old enough, wherever they sort among the others', async () => {
  const drive = await harness().drive()
  await drive.asset({ bytes: Buffer.from('film') })
  const ids = ['00000000-0000-7000-8000-000000000000', drive.driveId, 'ffffffff-ffff-7fff-bfff-ffffffffffff']
  const keys = ids.map((id) => `drives/${id}/assets/${uuidv7()}/proxy/${uuidv7()}.mp4`)
  for (const key of keys) await put(key)
  await put('somebody/elses.mov')
  const { orphans, ...rest } = await compare()
  expect(rest).toMatchObject({ agreeing: 1, young: 0, missing: { count: 0 } })
  expect([orphans.count, orphans.first.map((each) => each.key)]).toEqual([3, keys])

  expect(await compare(24)).toMatchObject({ young: 3, orphans: { count: 0 } })
  const path = harness().storage.localPath(keys[1] ?? '') ?? ''
  await utimes(path, new Date(), new Date(Date.now() - 25 * hour))
  expect(await compare(24)).toMatchObject({ young: 2, orphans: { count: 1, first: [{ key: keys[1] }] } })
})

test('rows whose bytes are gone, or are others, are missing; those that nothing refers to wait for the sweep', async () => {
  const { db, storage } = harness()
  const drive = await harness().drive()
  const ids = [await drive.asset({ bytes: Buffer.from('gone') }), await drive.asset({ bytes: Buffer.from('short') }), await drive.asset({ bytes: Buffer.from('there') })]
  const key = (id: string | undefined) => `drives/${drive.driveId}/assets/${id}/source`
  await storage.delete([key(ids[0])])
  await put(key(ids[1]), 'shor')
  const waiting = { driveId: drive.driveId, kind: 'proxy', contentType: 'x/x', referenceCount: 0, createdAt: new Date(), unreferencedAt: new Date(), sizeBytes: 0 }
  await put(`drives/${drive.driveId}/assets/x/proxy/a.mp4`)
  await db.insert(objects).values(['a', 'b'].map((name) => ({ ...waiting, id: uuidv7(), key: `drives/${drive.driveId}/assets/x/proxy/${name}.mp4`, state: 'reserved' })))
  const result = await compare()
  expect(result).toMatchObject({ agreeing: 1, waiting: 2, orphans: { count: 0 }, missing: { count: 2 } })
  expect(result.missing.first.map(({ row, foundBytes }) => [row.key, row.sizeBytes, foundBytes])).toEqual([[key(ids[0]), 4, null], [key(ids[1]), 5, 4]].sort())
})

test('linked objects are asked for where they lie', async () => {
  const drive = await harness().drive()
  const row = { driveId: drive.driveId, kind: 'source', state: 'stored', contentType: 'x/x', isOwned: false, referenceCount: 1, sizeBytes: 3, createdAt: new Date() }
  for (const name of ['archive/a.mov', 'zoo/z.mov']) {
    await put(name)
    await harness().db.insert(objects).values({ ...row, id: uuidv7(), key: name })
  }
  await harness().db.insert(objects).values({ ...row, id: uuidv7(), key: 'archive/gone.mov' })
  expect(await compare()).toMatchObject({ agreeing: 2, linked: 2, orphans: { count: 0 }, missing: { count: 1, first: [{ row: { key: 'archive/gone.mov' }, foundBytes: null }] } })
})

test('uploads under way and what others put below incoming/ are no orphans; what an upload left that is over, is', async () => {
  const drive = await harness().drive()
  const upload = { driveId: drive.driveId, directory: '/', onConflict: 'refuse', contentType: 'x/x', sizeBytes: 10, offsetBytes: 5, storeUploadId: 'x', createdAt: new Date(), expiresAt: new Date() }
  const source = (assetId: string) => `drives/${drive.driveId}/assets/${assetId}/source`
  const [open, received, finished] = [uuidv7(), uuidv7(), uuidv7()]
  await harness().db.insert(uploads).values([
    { ...upload, id: uuidv7(), name: 'a', state: 'open', assetId: open },
    { ...upload, id: uuidv7(), name: 'b', state: 'received', assetId: received },
    { ...upload, id: uuidv7(), name: 'c', state: 'finished', assetId: finished },
  ])
  for (const key of [`${source(open)}.tail-5242880`, source(received), `${source(finished)}.tail-7`, `drives/${drive.driveId}/incoming/from camera/ä.mov`]) await put(key)
  expect(await compare()).toMatchObject({ uploading: 2, incoming: 1, orphans: { count: 1, first: [{ key: `${source(finished)}.tail-7` }] } })
})

test('what changes while it is compared is looked at again', async () => {
  const { storage, store } = harness()
  const drive = await harness().drive()
  const [gone, come] = [await drive.asset({ bytes: Buffer.from('film') }), await drive.asset({ bytes: Buffer.from('film') })]
  const key = (id: string) => `drives/${drive.driveId}/assets/${id}/source`
  const removed = `drives/${drive.driveId}/assets/${uuidv7()}/source`
  await put(removed)
  const late: typeof store.objectList = {
    ...store.objectList,
    // As it was before the one was there; and before the other, which is purged by now, went.
    page: async (...args) => (await store.objectList.page(...args)).filter((each) => each.key !== key(come)),
    referred: async (rows) => (await store.objectList.referred(rows)).filter((each) => each.key !== key(gone)),
  }
  await storage.delete([key(gone)])
  const result = await compareObjects({
    list: late,
    storage: { list: storage.list.bind(storage), head: async (asked) => (asked === removed ? undefined : storage.head(asked)) },
    before: new Date(Date.now() + 1000),
  })
  expect(result).toMatchObject({ orphans: { count: 0 }, missing: { count: 0 } })
})

test('goes over many pages of rows and keys, on S3 too', async () => {
  const double = await startS3Double()
  const storage = createS3({ ...double, forcePathStyle: true })
  try {
    const drive = await harness().drive()
    const count = 1200
    const rows = Array.from({ length: count }, (_, index) => ({
      driveId: drive.driveId, id: uuidv7(), kind: 'preview', key: `drives/${drive.driveId}/assets/${uuidv7()}/previews/${index}.jpg`, state: 'stored', sizeBytes: 3, contentType: 'x/x', referenceCount: 1, createdAt: new Date(),
    }))
    for (let from = 0; from < count; from += 500) await harness().db.insert(objects).values(rows.slice(from, from + 500))
    const [missing, ...there] = rows.map((each) => each.key)
    for (let from = 0; from < there.length; from += 100) await Promise.all(there.slice(from, from + 100).map((key) => storage.put(key, Buffer.from('abc'), { contentType: 'x/x' })))
    const result = await compareObjects({ list: harness().store.objectList, storage, before: new Date(Date.now() + 1000) })
    expect(result).toMatchObject({ agreeing: count - 1, orphans: { count: 0 }, missing: { count: 1, first: [{ row: { key: missing } }] } })
  } finally {
    await storage.close()
    await double.close()
  }
})
