import type { AssetJobOverviewRepository } from '../../jobs/asset-jobs-overview.repository.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { inspectAsset, renderAsset, renderable, type Renderable } from './ingest.jobs.ts'

interface Target {
  readonly driveId: string
  readonly assetId: string
}
interface Transaction {
  readonly jobs: JobRepository
}

/** What other features order of this one, in a transaction of theirs; the container hands these to them. */
export const orderInspection = ({ jobs }: Transaction, { driveId, assetId }: Target) => jobs.enqueue(inspectAsset, { drive_id: driveId, asset_id: assetId }, `inspect:${assetId}`)

/** Under a key of its own: one that the inspection ordered, and that still waits, makes the others. */
export const orderRendering = ({ jobs }: Transaction, { driveId, assetId }: Target, output: Renderable) =>
  jobs.enqueue(renderAsset, { drive_id: driveId, asset_id: assetId, outputs: [output] }, `render:${assetId}:${output}`)

/** Where an asset has jobs before it that were passed over while it lay in the trash. */
export async function orderWhatIsLeft(tx: Transaction & { readonly assetJobsOverview: AssetJobOverviewRepository }, target: Target) {
  if ((await tx.assetJobsOverview.unended(target.driveId, [target.assetId], ['metadata', ...renderable])) > 0) await orderInspection(tx, target)
}
