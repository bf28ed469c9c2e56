import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import type { Executor } from '../db/client.ts'
import { assetJobs, livingAssets } from '../db/schema/index.ts'
import type { JobName, JobState } from '../model/job-names.ts'

export type AssetJobOverviewRepository = ReturnType<typeof createAssetJobOverviewRepository>

/** The jobs of many assets at once: for whoever runs the installation (command line, demo). What answers requests has a scope, and the other repository. */
export function createAssetJobOverviewRepository(db: Executor) {
  return {
    /** Whether each of these jobs has come to its end, on each of these assets. */
    async allEnded(driveId: string, assetIds: readonly string[], names: readonly JobName[]): Promise<boolean> {
      const rows = await db
        .select({ name: assetJobs.name })
        .from(assetJobs)
        .where(and(eq(assetJobs.driveId, driveId), inArray(assetJobs.assetId, [...assetIds]), inArray(assetJobs.name, [...names]), inArray(assetJobs.state, ['COMPLETED', 'FAILED'])))
      return rows.length >= assetIds.length * names.length
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
  }
}
