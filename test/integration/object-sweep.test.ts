import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { objects } from '../../src/db/schema/index.ts'
import { AppError } from '../../src/errors.ts'
import { runDueJobs } from '../../src/jobs/worker.ts'
import { objectSweep } from '../../src/objects/objects.jobs.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness({ connections: 5 })
})
afterAll(() => api.stop())

/** Left behind two days ago. */
async function leftBehind(driveId: string): Promise<{ readonly id: string; readonly key: string }> {
  const id = randomUUID()
  const key = `drives/${driveId}/assets/${id}/source`
  const long = new Date(api.clock.now().getTime() - 2 * 86_400_000)
  await api.storage.put(key, Buffer.from('film'), { contentType: 'video/mp4' })
  await api.db.insert(objects).values({ driveId, id, kind: 'source', key, state: 'reserved', sizeBytes: 0, contentType: 'video/mp4', referenceCount: 0, createdAt: long, unreferencedAt: long })
  return { id, key }
}

test('an object that the store does not let go stops no other, and is tried again a day later', async () => {
  const { driveId } = await api.drive()
  const [stuck, other] = [await leftBehind(driveId), await leftBehind(driveId)]
  const storage = { ...api.storage, delete: async (keys: readonly string[]) => (keys.includes(stuck.key) ? Promise.reject(new AppError('unavailable', 'locked')) : api.storage.delete(keys)) }
  const sweep = async () => {
    await api.pool.query(`SELECT graphile_worker.add_job('objects:sweep')`)
    await runDueJobs(api.pool, [objectSweep({ store: api.store, storage, clock: api.clock })])
  }
  await sweep()
  expect(await api.storage.head(other.key)).toBeUndefined()
  const rows = await api.db.select().from(objects).where(eq(objects.driveId, driveId))
  expect(rows).toMatchObject([{ id: stuck.id, referenceCount: 0 }])
  expect(rows[0]?.unreferencedAt?.getTime()).toBeGreaterThan(api.clock.now().getTime() - 60_000)
  const { rows: waiting } = await api.pool.query(`SELECT FROM graphile_worker.jobs WHERE task_identifier = 'objects:sweep'`)
  expect(waiting).toHaveLength(0)
})
