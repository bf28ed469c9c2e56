import { type SQL, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { type Executor, rowsOf } from '../db/client.ts'
import type { Job } from './define-job.ts'

export type JobRepository = ReturnType<typeof createJobRepository>

/** The worker's queue, as far as requests and sweeps need it. */
export function createJobRepository(db: Executor) {
  /** Of a statement that answers one row with an `n`. */
  const counted = async (statement: SQL) => (await rowsOf<{ readonly n: number }>(db, statement))[0]?.n ?? 0

  return {
    /** Inside a transaction the job appears with the commit, and not at all after a rollback. One that waits under the same `key` is replaced. */
    async enqueue<Payload extends z.ZodType>(job: Job<Payload>, payload: z.input<Payload>, key: string | null = null) {
      const checked = JSON.stringify(job.payload.parse(payload))
      const later = job.delaySeconds === undefined ? sql`` : sql`, run_at => now() + make_interval(secs => ${job.delaySeconds})`
      await db.execute(sql`SELECT graphile_worker.add_job(${job.name}, ${checked}::json, max_attempts => ${job.maxAttempts}, job_key => ${key}${later})`)
    },

    /** Takes back what was ordered under this key, where it has not begun. */
    async cancel(key: string) {
      await db.execute(sql`SELECT graphile_worker.remove_job(${key})`)
    },

    async beat(workerId: string) {
      await db.execute(sql`INSERT INTO worker_heartbeats (worker_id, seen_at) VALUES (${workerId}, now()) ON CONFLICT (worker_id) DO UPDATE SET seen_at = now()`)
    },

    /** Gives the jobs of this worker back, untouched: no attempt is counted, no pause is made. */
    async release(workerId: string) {
      // As graphile-worker itself returns jobs; its public function would leave the attempt counted.
      await db.execute(sql`UPDATE graphile_worker._private_jobs SET locked_at = NULL, locked_by = NULL, attempts = greatest(0, attempts - 1) WHERE locked_by = ${workerId}`)
      await db.execute(sql`DELETE FROM worker_heartbeats WHERE worker_id = ${workerId}`)
    },

    /**
     * Gives back the jobs of workers that were killed: those silent for `silentSeconds`. (graphile-worker alone waits four hours.)
     * A job locked just now is left alone: its worker may not have had its first beat.
     */
    async releaseSilent(silentSeconds: number): Promise<number> {
      const silent = sql`make_interval(secs => ${silentSeconds})`
      const workers = await counted(sql`
        WITH silent AS (
          SELECT DISTINCT j.locked_by FROM graphile_worker.jobs j
          WHERE j.locked_by IS NOT NULL AND j.locked_at < now() - ${silent}
            AND NOT EXISTS (SELECT FROM worker_heartbeats w WHERE w.worker_id = j.locked_by AND w.seen_at > now() - ${silent}))
        SELECT count(*)::int AS n, graphile_worker.force_unlock_workers(coalesce(array_agg(locked_by), '{}')) FROM silent`)
      await db.execute(sql`DELETE FROM worker_heartbeats WHERE seen_at < now() - interval '1 hour'`)
      await failUsedUp(db)
      return workers
    },

    /** Workers heard of lately. */
    async livingWorkers(silentSeconds: number): Promise<number> {
      return counted(sql`SELECT count(*)::int AS n FROM worker_heartbeats WHERE seen_at > now() - make_interval(secs => ${silentSeconds})`)
    },

    /** Jobs that wait or run; those that used up their attempts are not counted. */
    async pending(): Promise<number> {
      return counted(sql`SELECT count(*)::int AS n FROM graphile_worker.jobs WHERE attempts < max_attempts OR locked_by IS NOT NULL`)
    },
  }
}

/**
 * A job whose worker was killed in its last try is never taken again, and nobody was left to say so: its asset's jobs end as failed here.
 * An attempt counts when it begins, so a file that kills its workers comes to an end too.
 */
async function failUsedUp(db: Executor) {
  await db.execute(sql`
    UPDATE asset_jobs a SET state = 'FAILED', error = coalesce(a.error, 'The worker ended in the middle of it, again and again'), updated_at = now()
    FROM graphile_worker._private_jobs j
    WHERE a.state IN ('NOT_STARTED', 'IN_PROGRESS') AND a.updated_at < now() - interval '20 seconds'
      AND j.locked_by IS NULL AND j.attempts >= j.max_attempts AND j.payload ->> 'asset_id' = a.asset_id::text
      AND NOT EXISTS (SELECT FROM graphile_worker._private_jobs other
                      WHERE other.payload ->> 'asset_id' = a.asset_id::text AND (other.locked_by IS NOT NULL OR other.attempts < other.max_attempts))`)
}
