import type { Store } from '../../db/store.ts'
import type { AssetJobRepository } from '../../jobs/asset-jobs.repository.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { inspectAsset } from './ingest.jobs.ts'

export type RetryService = ReturnType<typeof createRetryService>

export const createRetryService = ({ store }: { readonly store: Store<{ readonly assetJobs: AssetJobRepository; readonly jobs: JobRepository }> }) => ({
  /** Assets with a failed job are looked at again from the start, since what was made of them rests on that. Answers how many. */
  async failed(assetId?: string): Promise<number> {
    const found = await store.assetJobs.withFailed(assetId)
    for (const { driveId, assetId: id } of found)
      await store.transaction(async (tx) => {
        await tx.assetJobs.reopenFailed(driveId, id)
        await tx.jobs.enqueue(inspectAsset, { drive_id: driveId, asset_id: id }, `inspect:${id}`)
      })
    return found.length
  },
})
