import { EventEmitter } from 'node:events'
import { Logger, run, runOnce, type Runner, type TaskList, type WorkerEvents } from 'graphile-worker'
import type { Pool } from 'pg'
import { actionsOf, roles } from '../access/actions.ts'
import { grantAsset, grantDrive } from '../access/grant.ts'
import { type AssetScope, type DriveScope, server } from '../access/scope.ts'
import { withoutStatement } from '../errors.ts'
import type { JobHandler } from './define-job.ts'
import type { JobRepository } from './jobs.repository.ts'

const beatMs = 5000
export const silentSeconds = 20

export interface WorkerParts {
  readonly pool: Pool
  readonly jobs: JobRepository
  readonly handlers: readonly JobHandler[]
  readonly concurrency: number
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void
}

export interface RunningWorker {
  /** Takes no new job, ends those under way by their signal, and gives them back. */
  stop(): Promise<void>
  /** Rejects when the worker cannot go on (it is then to be started anew). */
  readonly ended: Promise<void>
}

/** Retries, backoff and wake-up on NOTIFY are graphile-worker's; heartbeat, sweep and a stop that gives jobs back at once are ours. */
export async function startWorker({ pool, jobs, handlers, concurrency, log }: WorkerParts): Promise<RunningWorker> {
  const stopping = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  let workerId: string | undefined
  const events: WorkerEvents = new EventEmitter()
  events.on('pool:create', ({ workerPool }) => (workerId = workerPool.id)) // jobs are locked in this name
  const runner: Runner = await run({
    pgPool: pool,
    taskList: tasks(handlers, { stopping: stopping.signal, underWay }),
    concurrency,
    noHandleSignals: true,
    pollInterval: 2000,
    crontab: crontab(handlers),
    // The first line tells what failed; the rest is a stack, and what a statement was sent.
    logger: new Logger(() => (level, message) => (level === 'error' || level === 'warning' ? log('warn', message.split('\n', 1)[0] ?? '') : undefined)),
    events,
  })
  const beat = async () => {
    if (workerId !== undefined) await jobs.beat(workerId)
    await jobs.releaseSilent(silentSeconds)
  }
  await beat()
  const timer = setInterval(() => void beat().catch(() => log('warn', 'a heartbeat did not reach the database')), beatMs)

  return {
    ended: runner.promise,
    async stop() {
      clearInterval(timer)
      void runner.stop().catch(() => undefined) // takes no new job from here on; waits for those under way
      stopping.abort(new Error('the worker stops'))
      await Promise.allSettled(underWay)
      if (workerId !== undefined) await jobs.release(workerId).catch(() => undefined) // unreachable: the sweep of another worker will do it
      await runner.kill().catch(() => undefined)
    },
  }
}

/** Runs what is due, and returns; for tests. */
export const runDueJobs = (pool: Pool, handlers: readonly JobHandler[]) =>
  runOnce({ pgPool: pool, taskList: tasks(handlers, { stopping: new AbortController().signal, underWay: new Set() }), noHandleSignals: true, logger: new Logger(() => () => undefined) })

const byServer = { caller: server, actions: actionsOf(roles.ADMIN) }
function grant(driveId: string): DriveScope<'manage'>
function grant(driveId: string, assetId: string): AssetScope<'manage'>
function grant(driveId: string, assetId?: string) {
  return assetId === undefined ? grantDrive({ driveId, ...byServer }, 'manage') : grantAsset({ driveId, assetId, ...byServer }, 'manage')
}

function tasks(handlers: readonly JobHandler[], { stopping, underWay }: { stopping: AbortSignal; underWay: Set<Promise<unknown>> }): TaskList {
  const never = new Promise<never>(() => undefined)
  return Object.fromEntries(
    handlers.map(({ job, run }) => [
      job.name,
      async (payload, { abortSignal, job: { attempts, max_attempts: most } }) => {
        const signal = AbortSignal.any([abortSignal ?? stopping, stopping, AbortSignal.timeout(job.timeoutSeconds * 1000)])
        const work = run(payload, { signal, attempt: attempts, isLast: attempts >= most }, grant)
        underWay.add(work)
        try {
          // A handler that ignores its signal must not hold the worker.
          await Promise.race([work, rejected(signal)])
        } catch (given) {
          const error = withoutStatement(given)
          // A job cut off by our own stop has not failed: it stays as it is until `release` gives it back.
          if (stopping.aborted) return never
          throw error
        } finally {
          void work.catch(() => undefined).finally(() => underWay.delete(work))
        }
      },
    ]),
  )
}

const rejected = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const refuse = () => reject(signal.reason instanceof Error ? signal.reason : new Error('the job was ended'))
    if (signal.aborted) refuse()
    else signal.addEventListener('abort', refuse, { once: true })
  })

/** Jobs that name a time of their own. */
const crontab = (handlers: readonly JobHandler[]) => handlers.flatMap(({ job }) => (job.cron ? [`${job.cron} ${job.name} ?max=${job.maxAttempts}&fill=1h`] : [])).join('\n')
