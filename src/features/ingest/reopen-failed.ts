import type { Store } from '../../db/store.ts'
import { notFound } from '../../errors.ts'
import type { AssetJobOverviewRepository } from '../../jobs/asset-jobs-overview.repository.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { inspectAsset } from './ingest.jobs.ts'

interface Needs {
  readonly store: Store<{ readonly assetJobsOverview: AssetJobOverviewRepository; readonly jobs: JobRepository }>
}

/** Assets with a failed job are looked at again from the start, since what was made of them rests on that. Answers how many. */
export const createReopenFailed =
  ({ store }: Needs) =>
  async (assetId?: string): Promise<number> => {
    const found = await store.assetJobsOverview.withFailed(assetId)
    if (assetId !== undefined && found.length === 0 && !(await store.assetJobsOverview.hasAsset(assetId))) throw notFound(`Asset ${assetId}`)
    for (const { driveId, assetId: id } of found)
      await store.transaction(async (tx) => {
        await tx.assetJobsOverview.reopenFailed(driveId, id)
        await tx.jobs.enqueue(inspectAsset, { drive_id: driveId, asset_id: id }, `inspect:${id}`)
      })
    return found.length
  }
