import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import type { AssetScope } from '../access/scope.ts'
import type { Executor } from '../db/client.ts'
import { assetJobs, livingAssets } from '../db/schema/index.ts'
import type { JobName, JobState } from '../model/job-names.ts'

export type AssetJobRepository = ReturnType<typeof createAssetJobRepository>

interface Change {
  readonly state: JobState
  readonly progress?: number | null
  readonly error?: string | null
  readonly attempts?: number
}

/** The states of an asset's jobs, which its answers show. */
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
      const rows = await db.execute(sql`
        INSERT INTO asset_jobs (drive_id, asset_id, name, state, progress, attempts, error, created_at, updated_at)
        SELECT a.drive_id, a.id, name, ${state}, ${progress}::real, ${attempts ?? 0}::int, ${error}, now(), now()
        FROM living_assets a, unnest(ARRAY[${sql.join(names.map((each) => sql`${each}`), sql`, `)}]::text[]) AS name
        WHERE a.drive_id = ${driveId} AND a.id = ${assetId}
        ON CONFLICT (drive_id, asset_id, name) DO UPDATE
        SET state = excluded.state, progress = excluded.progress, error = excluded.error, updated_at = excluded.updated_at,
            attempts = coalesce(${attempts ?? null}::int, asset_jobs.attempts)
        RETURNING 1`)
      return (rows as unknown as { rowCount: number }).rowCount > 0
    },

    /** Whether each of these jobs has come to its end, on each of these assets. */
    async allEnded(driveId: string, assetIds: readonly string[], names: readonly JobName[]): Promise<boolean> {
      const rows = await db
        .select({ name: assetJobs.name })
        .from(assetJobs)
        .where(and(eq(assetJobs.driveId, driveId), inArray(assetJobs.assetId, [...assetIds]), inArray(assetJobs.name, [...names]), inArray(assetJobs.state, ['COMPLETED', 'FAILED'])))
      return rows.length >= assetIds.length * names.length
    },

    /** For whoever runs the installation: across drives. */
    latest: (state: JobState | undefined, limit: number) =>
      db
        .select({
          driveId: assetJobs.driveId,
          assetId: assetJobs.assetId,
          directory: livingAssets.directory,
          assetName: livingAssets.name,
          name: assetJobs.name,
          state: assetJobs.state,
          progress: assetJobs.progress,
          attempts: assetJobs.attempts,
          error: assetJobs.error,
          updatedAt: assetJobs.updatedAt,
        })
        .from(assetJobs)
        .innerJoin(livingAssets, and(eq(livingAssets.driveId, assetJobs.driveId), eq(livingAssets.id, assetJobs.assetId)))
        .where(state === undefined ? undefined : eq(assetJobs.state, state))
        .orderBy(desc(assetJobs.updatedAt))
        .limit(limit),

    /** Assets with a failed job: this one, or all. */
    withFailed: (assetId: string | undefined) =>
      db
        .selectDistinct({ driveId: assetJobs.driveId, assetId: assetJobs.assetId })
        .from(assetJobs)
        .where(and(eq(assetJobs.state, 'FAILED'), assetId === undefined ? undefined : eq(assetJobs.assetId, assetId))),

    async reopenFailed(driveId: string, assetId: string) {
      await db
        .update(assetJobs)
        .set({ state: 'NOT_STARTED', progress: null, attempts: 0, updatedAt: sql`now()` })
        .where(and(eq(assetJobs.driveId, driveId), eq(assetJobs.assetId, assetId), eq(assetJobs.state, 'FAILED')))
    },

    /** How far they are, 0..1; false where the asset went meanwhile. Not on the asset's own row, which every reader waits for. */
    async progress(scope: AssetScope<'edit'>, names: readonly JobName[], share: number): Promise<boolean> {
      const updated = await db
        .update(assetJobs)
        .set({ progress: share, updatedAt: sql`now()` })
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
