import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { AssetScope } from '../access/scope.ts'
import { type Executor, rowCountOf } from '../db/client.ts'
import { assetJobs, livingAssets } from '../db/schema/index.ts'
import type { JobName, JobState } from '../model/job-names.ts'

export type AssetJobRepository = ReturnType<typeof createAssetJobRepository>

interface Change {
  readonly state: JobState
  readonly progress?: number | null
  readonly error?: string | null
  readonly attempts?: number
}

/** The states of an asset's jobs, which its answers show and its jobs write. */
export function createAssetJobRepository(db: Executor) {
  const ofAsset = ({ driveId, assetId }: AssetScope<'read'>) => and(eq(assetJobs.driveId, driveId), eq(assetJobs.assetId, assetId))

  return {
    /** `undefined` where there is no such asset. */
    async list({ driveId, assetId }: AssetScope<'read'>) {
      const rows = await db
        .select({ assetId: livingAssets.id, job: assetJobs })
        .from(livingAssets)
        .leftJoin(assetJobs, and(eq(assetJobs.driveId, livingAssets.driveId), eq(assetJobs.assetId, livingAssets.id)))
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.id, assetId)))
        .orderBy(asc(assetJobs.createdAt), asc(assetJobs.name))
      return rows.length === 0 ? undefined : rows.flatMap(({ job }) => (job ? [job] : []))
    },

    /** Sets these jobs, making rows that were not there; false where the asset is gone, and its jobs with it. */
    async set({ driveId, assetId }: AssetScope<'edit'>, names: readonly JobName[], change: Change): Promise<boolean> {
      const { state, progress = null, error = null, attempts } = change
      const count = await rowCountOf(db, sql`
        INSERT INTO asset_jobs (drive_id, asset_id, name, state, progress, attempts, error, created_at, updated_at)
        SELECT a.drive_id, a.id, given.job, ${state}::text, ${progress}::real, ${attempts ?? 0}::int, ${error}::text, now(), now()
        FROM living_assets a, unnest(ARRAY[${sql.join(names.map((each) => sql`${each}`), sql`, `)}]::text[]) AS given (job)
        WHERE a.drive_id = ${driveId} AND a.id = ${assetId}
        ON CONFLICT (drive_id, asset_id, name) DO UPDATE
        SET state = excluded.state, progress = excluded.progress, error = excluded.error, updated_at = excluded.updated_at,
            attempts = coalesce(${attempts ?? null}::int, asset_jobs.attempts)
        RETURNING 1`)
      return count > 0
    },

    /** Gives jobs that have no row yet one in this state; the others stay as they are. */
    async foresee({ driveId, assetId }: AssetScope<'edit'>, jobs: readonly (readonly [JobName, JobState])[]) {
      const [names, states] = [0, 1].map((at) => sql.join(jobs.map((job) => sql`${job[at]}`), sql`, `))
      await db.execute(sql`
        INSERT INTO asset_jobs (drive_id, asset_id, name, state, attempts, created_at, updated_at)
        SELECT a.drive_id, a.id, given.job, given.state, 0, now(), now()
        FROM living_assets a, unnest(ARRAY[${names}]::text[], ARRAY[${states}]::text[]) AS given (job, state)
        WHERE a.drive_id = ${driveId} AND a.id = ${assetId}
        ON CONFLICT (drive_id, asset_id, name) DO NOTHING`)
    },

    /** How far they are, 0..1; false where the asset went meanwhile. Not on the asset's own row, which every reader waits for. */
    async progress(scope: AssetScope<'edit'>, names: readonly JobName[], share: number): Promise<boolean> {
      const updated = await db
        .update(assetJobs)
        .set({ progress: sql`CASE WHEN ${assetJobs.state} = 'IN_PROGRESS' THEN ${share}::real ELSE ${assetJobs.progress} END`, updatedAt: sql`now()` }) // one that comes late changes nothing
        .where(
          and(
            ofAsset(scope),
            inArray(assetJobs.name, [...names]),
            sql`EXISTS (SELECT FROM ${livingAssets} WHERE ${livingAssets.driveId} = ${assetJobs.driveId} AND ${livingAssets.id} = ${assetJobs.assetId})`,
          ),
        )
        .returning({ name: assetJobs.name })
      return updated.length > 0
    },
  }
}
