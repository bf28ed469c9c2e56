import { and, asc, count, desc, eq, inArray, isNotNull, or, sql } from 'drizzle-orm'
import type { Executor } from '../db/client.ts'
import { assetJobs, livingAssets } from '../db/schema/index.ts'
import type { JobName, JobState } from '../model/job-names.ts'

export type AssetJobOverviewRepository = ReturnType<typeof createAssetJobOverviewRepository>

/** The jobs of many assets at once: for whoever runs the installation (command line, demo). What answers requests has a scope, and the other repository. */
export function createAssetJobOverviewRepository(db: Executor) {
  return {
    ...ofAssets(db),

    async hasAsset(assetId: string): Promise<boolean> {
      return (await db.select({ id: livingAssets.id }).from(livingAssets).where(eq(livingAssets.id, assetId))).length > 0
    },

    /** Across drives; what changed last comes first. */
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
          createdAt: assetJobs.createdAt,
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
        .innerJoin(livingAssets, and(eq(livingAssets.driveId, assetJobs.driveId), eq(livingAssets.id, assetJobs.assetId)))
        .where(and(eq(assetJobs.state, 'FAILED'), assetId === undefined ? undefined : eq(assetJobs.assetId, assetId))),

    async reopenFailed(driveId: string, assetId: string) {
      await db
        .update(assetJobs)
        .set({ state: 'NOT_STARTED', progress: null, attempts: 0, updatedAt: sql`now()` })
        .where(and(eq(assetJobs.driveId, driveId), eq(assetJobs.assetId, assetId), eq(assetJobs.state, 'FAILED')))
    },
  }
}

/** Of given assets of one drive. */
function ofAssets(db: Executor) {
  /** As one array, since a run of the command line may have more assets than a statement has parameters. */
  const among = (driveId: string, assetIds: readonly string[]) => and(eq(livingAssets.driveId, driveId), sql`${livingAssets.id} = ANY(${sql.param([...assetIds])}::uuid[])`)

  return {
    /** How many of these assets have one of these jobs before them, or under way. One that nothing has looked at yet has; one that was deleted has not. */
    async unended(driveId: string, assetIds: readonly string[], names: readonly JobName[]): Promise<number> {
      const rows = await db
        .select({ n: count() })
        .from(livingAssets)
        .where(
          and(
            among(driveId, assetIds),
            sql`(SELECT count(*) FROM asset_jobs j WHERE j.drive_id = ${livingAssets.driveId} AND j.asset_id = ${livingAssets.id}
                 AND j.name = ANY(${sql.param([...names])}::text[]) AND j.state IN ('COMPLETED', 'FAILED')) < ${names.length}`,
          ),
        )
      return rows[0]?.n ?? 0
    },

    /** These jobs on these assets, as far as something went wrong with them: for good (`FAILED`), or so that they are tried again. */
    troubled: (driveId: string, assetIds: readonly string[], names: readonly JobName[]) =>
      db
        .select({ assetId: livingAssets.id, directory: livingAssets.directory, assetName: livingAssets.name, name: assetJobs.name, state: assetJobs.state, error: assetJobs.error })
        .from(livingAssets)
        .innerJoin(assetJobs, and(eq(assetJobs.driveId, livingAssets.driveId), eq(assetJobs.assetId, livingAssets.id)))
        .where(and(among(driveId, assetIds), inArray(assetJobs.name, [...names]), or(eq(assetJobs.state, 'FAILED'), isNotNull(assetJobs.error))))
        .orderBy(asc(livingAssets.directory), asc(livingAssets.name), asc(assetJobs.createdAt), asc(assetJobs.name)),
  }
}
