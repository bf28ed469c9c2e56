import { eq } from 'drizzle-orm'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { assets, objects } from '../../src/db/schema/index.ts'
import { runDueJobs } from '../../src/jobs/worker.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
let workers: Pool
beforeAll(async () => {
  api = await startHarness({ connections: 5 })
  workers = api.morePool()
})
afterAll(async () => {
  await workers.end()
  await api.stop()
})

async function editor() {
  const drive = await api.drive()
  const who = await drive.member(roles.EDITOR)
  const incoming = (name: string) => `drives/${drive.driveId}/incoming/${name}`
  const put = async (name: string, bytes = Buffer.from('abc')) => {
    await api.storage.put(incoming(name), bytes, { contentType: 'video/mp4' })
    return incoming(name)
  }
  const register = (payload: Record<string, unknown>) => api.as(who)({ method: 'POST', url: `/workspaces/drives/${drive.driveId}/assets`, payload })
  return { drive, driveId: drive.driveId, who, incoming, put, register }
}

test('an object that lies in the bucket becomes an asset where it lies, with its SHA-256', async () => {
  const { driveId, put, register } = await editor()
  const key = await put('from camera/A001.txt')
  const answer = await register({ path: 'day 1/A001.txt', object_key: key })
  expect([answer.statusCode, answer.json()]).toEqual([200, expect.objectContaining({ path: `/${driveId}/day 1/A001.txt`, size_bytes: 3 })])
  const [object] = await api.db.select().from(objects).where(eq(objects.key, key))
  expect(object).toMatchObject({ state: 'stored', isOwned: true, referenceCount: 1, sizeBytes: 3 })
  await runDueJobs(workers, api.handlers)
  const [asset] = await api.db.select().from(assets).where(eq(assets.driveId, driveId))
  expect([asset?.sourceObjectId, asset?.contentHash?.toString('hex')]).toEqual([object?.id, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'])
})

test('a key elsewhere, one that is none and one with nothing there are 422', async () => {
  const { drive, driveId, incoming, put, register } = await editor()
  const other = await editor()
  const foreign = await other.put('a.txt')
  const id = await drive.asset({ bytes: Buffer.from('abc') })
  for (const key of [foreign, `drives/${driveId}/assets/${id}/source`, incoming(''), `${incoming('')}../assets/${id}/source`, incoming('a//b'), incoming('none.txt'), 'x', '']) {
    const answer = await register({ path: 'a.txt', object_key: key })
    expect([key, answer.statusCode, answer.json()]).toEqual([key, 422, expect.objectContaining({ detail: [expect.objectContaining({ loc: ['body', 'object_key'] })] })])
  }
  expect((await register({ path: 'a.txt', object_key: incoming('none.txt') })).json()).toMatchObject({ detail: [{ msg: 'There is no such object' }] })
  const key = await put('a.txt')
  expect((await register({ path: '../a.txt', object_key: key })).json()).toMatchObject({ status: 422, detail: [{ loc: ['body', 'path'] }] })
})

test('an object becomes one asset, however many ask for it at once', async () => {
  const { driveId, put, register } = await editor()
  const key = await put('a.txt')
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => register({ path: `${index}.txt`, object_key: key })))
  expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 409)])
  expect(await api.db.select().from(assets).where(eq(assets.driveId, driveId))).toHaveLength(1)
  expect((await api.db.select().from(objects).where(eq(objects.key, key)))[0]).toMatchObject({ referenceCount: 1 })
})

test('a path that is taken is 409 and leaves the object free, or is solved as asked', async () => {
  const { drive, put, register } = await editor()
  const holder = await drive.asset({ name: 'a.mov' })
  const key = await put('a.mov')
  const refused = await register({ path: 'a.mov', object_key: key })
  expect([refused.statusCode, refused.json()]).toEqual([409, expect.objectContaining({ asset_id: holder })])
  expect(await api.db.select().from(objects).where(eq(objects.key, key))).toEqual([])
  expect((await register({ path: 'a.mov', object_key: key, on_conflict: 'version' })).json()).toMatchObject({ name: 'a_v2.mov' })
  expect((await register({ path: 'a.mov', object_key: await put('b.mov'), on_conflict: 'rename' })).json()).toMatchObject({ name: 'a (2).mov' })
})
