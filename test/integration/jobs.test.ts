import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { localScope } from '../../src/access/local-scope.ts'
import { defineJob, type GrantToJob, onJob } from '../../src/jobs/define-job.ts'
import { runDueJobs, startWorker } from '../../src/jobs/worker.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
let workers: Pool
beforeAll(async () => {
  api = await startHarness()
  workers = api.morePool()
})
afterAll(async () => {
  await workers.end()
  await api.stop()
})

const job = (name: string, maxAttempts = 2) => defineJob({ name, payload: z.strictObject({ n: z.int() }), maxAttempts, timeoutSeconds: 1 })
const start = (handlers: Parameters<typeof startWorker>[0]['handlers']) => startWorker({ pool: workers, jobs: api.store.jobs, handlers, concurrency: 2, log: () => undefined })

test('a job that is rolled back never runs', async () => {
  const ghost = job('ghost')
  const rolledBack = api.store.transaction(async (tx) => {
    await tx.jobs.enqueue(ghost, { n: 1 })
    throw new Error('no')
  })
  await expect(rolledBack).rejects.toThrow('no')

  const ran: number[] = []
  await runDueJobs(workers, [onJob(ghost, async ({ n }) => void ran.push(n))])
  expect(ran).toEqual([])
})

test('a failing job waits for its next try, and keeps its reason', async () => {
  const failing = job('failing')
  await api.store.jobs.enqueue(failing, { n: 1 })

  await runDueJobs(workers, [onJob(failing, () => Promise.reject(new Error('disk full')))])

  const { rows } = await workers.query(`SELECT attempts, last_error, run_at > now() AS waits FROM graphile_worker.jobs WHERE task_identifier = 'failing'`)
  expect(rows).toEqual([{ attempts: 1, last_error: expect.stringContaining('disk full'), waits: true }])
})

test('a handler that ignores its signal is let go at its time limit', async () => {
  const stuck = job('stuck')
  await api.store.jobs.enqueue(stuck, { n: 1 })

  await runDueJobs(workers, [onJob(stuck, () => new Promise(() => undefined))])

  const { rows } = await workers.query(`SELECT last_error FROM graphile_worker.jobs WHERE task_identifier = 'stuck'`)
  expect(rows).toEqual([{ last_error: expect.stringContaining('timeout') }])
})

test('two workers do not run one job twice', async () => {
  const once = job('once')
  const ran: number[] = []
  const handlers = [onJob(once, async ({ n }) => void ran.push(n))]
  for (let n = 0; n < 20; n++) await api.store.jobs.enqueue(once, { n })

  await Promise.all([runDueJobs(workers, handlers), runDueJobs(workers, handlers)])

  expect([...ran].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
})

test('a worker that stops ends its jobs by their signal and gives them back at once, with no pause before the next try', async () => {
  const long = defineJob({ name: 'long', payload: z.strictObject({ n: z.int() }), maxAttempts: 3, timeoutSeconds: 60 })
  await api.store.jobs.enqueue(long, { n: 1 })
  let hasStarted = () => {}
  const started = new Promise<void>((resolve) => (hasStarted = resolve))
  let wasTold = false
  const worker = await start([
    onJob(long, async (_payload, { signal }) => {
      hasStarted()
      await new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('told')), { once: true })).finally(() => (wasTold = true))
    }),
  ])
  await started
  await worker.stop()
  expect(wasTold).toBe(true)
  const { rows } = await workers.query(`SELECT locked_by, run_at <= now() AS due, last_error FROM graphile_worker.jobs WHERE task_identifier = 'long'`)
  expect(rows).toEqual([{ locked_by: null, due: true, last_error: null }])

  const ran: number[] = []
  await runDueJobs(workers, [onJob(long, async ({ n }) => void ran.push(n))])
  expect(ran).toEqual([1])
})

test('the jobs of a worker that fell silent are given back, those of one that lives are not', async () => {
  const held = job('held')
  for (const n of [1, 2, 3]) await api.store.jobs.enqueue(held, { n })
  const lock = (n: number, worker: string, seconds: number) =>
    workers.query(
      `UPDATE graphile_worker._private_jobs SET locked_by = $2, locked_at = now() - make_interval(secs => $3) WHERE payload->>'n' = $1 AND task_id = (SELECT id FROM graphile_worker._private_tasks WHERE identifier = 'held')`,
      [String(n), worker, seconds],
    )
  await lock(1, 'pool-dead', 60)
  await lock(2, 'pool-alive', 60)
  await lock(3, 'pool-new', 5) // has not had its first beat
  await api.store.jobs.beat('pool-alive')

  expect(await api.store.jobs.releaseSilent(20)).toBe(1)

  const { rows } = await workers.query(`SELECT payload->>'n' AS n, j.locked_by FROM graphile_worker.jobs j JOIN graphile_worker._private_jobs p USING (id) WHERE task_identifier = 'held' ORDER BY 1`)
  expect(rows).toEqual([{ n: '1', locked_by: null }, { n: '2', locked_by: 'pool-alive' }, { n: '3', locked_by: 'pool-new' }])
})

test('the server’s own jobs start a worker, those that name a time of their own too', async () => {
  const worker = await start(api.handlers)
  await worker.stop()
})

test('a job that was killed in its last try is told as failed: nobody else would say so', async () => {
  const drive = await api.drive()
  const asset = await drive.asset()
  await api.pool.query(`INSERT INTO asset_jobs (drive_id, asset_id, name, state, created_at, updated_at) VALUES ($1, $2, 'proxy', 'IN_PROGRESS', now(), now() - interval '1 minute')`, [drive.driveId, asset])
  const render = defineJob({ name: 'render-test', payload: z.object({ asset_id: z.string() }), maxAttempts: 2, timeoutSeconds: 1 })
  await api.store.jobs.enqueue(render, { asset_id: asset })
  const state = async () => (await api.pool.query(`SELECT state, error FROM asset_jobs WHERE asset_id = $1`, [asset])).rows
  await api.store.jobs.releaseSilent(20)
  expect(await state()).toEqual([{ state: 'IN_PROGRESS', error: null }])
  await workers.query(`UPDATE graphile_worker._private_jobs SET attempts = max_attempts WHERE payload->>'asset_id' = $1`, [asset])
  await api.store.jobs.releaseSilent(20)
  expect(await state()).toEqual([{ state: 'FAILED', error: expect.stringContaining('again and again') }])
})

test('what waits for an inspection that was killed in its last try is told as failed with it', async () => {
  const drive = await api.drive()
  const assets = { film: await drive.asset({ name: 'a.mov', extension: 'mov', bytes: Buffer.from('x') }), still: await drive.asset({ name: 'a.jpg', extension: 'jpg', bytes: Buffer.from('x') }) }
  const handler = api.handlers.find((each) => each.job.name === 'assets:inspect')
  for (const assetId of Object.values(assets)) {
    const payload = { drive_id: drive.driveId, asset_id: assetId }
    const grant = (() => ({ ...localScope(drive.driveId), assetId })) as unknown as GrantToJob // an asset’s is all that it asks for
    const killed = handler?.run(payload, { signal: AbortSignal.abort(new Error('killed')), attempt: 12, isLast: true }, grant)
    await expect(killed).rejects.toThrow()
    await api.store.jobs.enqueue(defineJob({ name: 'assets:inspect', payload: z.object({ drive_id: z.string(), asset_id: z.string() }), maxAttempts: 12, timeoutSeconds: 1 }), payload)
    await workers.query(`UPDATE graphile_worker._private_jobs SET attempts = max_attempts WHERE payload->>'asset_id' = $1`, [assetId])
  }
  await api.pool.query(`UPDATE asset_jobs SET updated_at = updated_at - interval '1 minute'`)
  await api.store.jobs.releaseSilent(20)
  const states = async (id: string) => Object.fromEntries((await api.pool.query<{ name: string; state: string }>(`SELECT name, state FROM asset_jobs WHERE asset_id = $1 AND name <> 'facial_recognition'`, [id])).rows.map(({ name, state }) => [name, state]))
  expect(await states(assets.film)).toEqual({ metadata: 'FAILED', preview: 'FAILED', color_palette: 'FAILED', proxy: 'FAILED', audio_proxy: 'FAILED', audio: 'FAILED' })
  expect(await states(assets.still)).toEqual({ metadata: 'FAILED', preview: 'FAILED', color_palette: 'FAILED', proxy: 'COMPLETED', audio_proxy: 'COMPLETED', audio: 'COMPLETED', transcription: 'COMPLETED' })
})
