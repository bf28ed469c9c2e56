import type { AssetScope } from '../../access/scope.ts'
import { notFound } from '../../errors.ts'
import type { AssetJobRepository } from '../../jobs/asset-jobs.repository.ts'
import type { JobName, JobState } from '../../model/job-names.ts'
import type { AssetJob } from './asset-jobs.schemas.ts'

export type AssetJobService = ReturnType<typeof createAssetJobService>

export const createAssetJobService = ({ store }: { readonly store: { readonly assetJobs: AssetJobRepository } }) => ({
  async list(scope: AssetScope<'read'>): Promise<AssetJob[]> {
    const rows = await store.assetJobs.list(scope)
    if (!rows) throw notFound('Asset')
    return rows.map(presentJob)
  },
})

type JobRow = NonNullable<Awaited<ReturnType<AssetJobRepository['list']>>>[number]

export const presentJob = (row: JobRow): AssetJob => ({
  name: row.name as JobName, // both written from the same lists
  state: row.state as JobState,
  progress: row.progress,
  attempts: row.attempts,
  error: row.error,
  created: row.createdAt.toISOString(),
  updated: row.updatedAt.toISOString(),
})
