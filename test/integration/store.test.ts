import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness({ connections: 3 })
})
afterAll(() => api.stop())

test('of two transactions that wait for each other Postgres undoes one, and it is done anew', async () => {
  const { driveId, asset } = await api.drive()
  await asset()
  await asset()
  await api.pool.query('UPDATE objects SET reference_count = 10 WHERE drive_id = $1', [driveId])
  const [one = '', other = ''] = (await api.pool.query<{ id: string }>('SELECT id FROM objects WHERE drive_id = $1', [driveId])).rows.map((row) => row.id)
  let begun = 0
  let runs = 0
  const bothHoldTheirs = async () => {
    begun += 1
    while (begun < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const inOrder = (first: string, second: string) =>
    api.store.transaction(async (tx) => {
      runs += 1
      await tx.objects.unreference(driveId, [first])
      await bothHoldTheirs()
      await tx.objects.unreference(driveId, [second])
    })
  await Promise.all([inOrder(one, other), inOrder(other, one)])
  expect(runs).toBe(3)
  expect((await api.pool.query('SELECT reference_count AS n FROM objects WHERE drive_id = $1', [driveId])).rows).toEqual([{ n: 8 }, { n: 8 }])
})
