import { z } from 'zod'
import type { AssetScope } from '../../access/scope.ts'
import type { AssetJobOverviewRepository } from '../../jobs/asset-jobs-overview.repository.ts'
import type { AssetJobRepository } from '../../jobs/asset-jobs.repository.ts'
import { defineJob, onAsset } from '../../jobs/define-job.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import type { JobName } from '../../model/job-names.ts'

/** Looks for faces in an asset's previews. */
export const findFaces = defineJob({ name: 'assets:find-faces', payload: z.object(onAsset), maxAttempts: 12, timeoutSeconds: 3600 })

/** The name under which an asset shows it. */
export const faceJob = 'facial_recognition' as const satisfies JobName

export interface Target {
  readonly driveId: string
  readonly assetId: string
}

/** Into the queue, in the transaction that has the reason. */
export const orderFaces = ({ jobs }: { readonly jobs: JobRepository }, { driveId, assetId }: Target) =>
  jobs.enqueue(findFaces, { drive_id: driveId, asset_id: assetId }, `faces:${assetId}`)

/** Where the look was passed over while the asset lay in the trash. */
export async function orderFacesLeft(tx: { readonly jobs: JobRepository; readonly assetJobsOverview: AssetJobOverviewRepository }, target: Target) {
  if ((await tx.assetJobsOverview.unended(target.driveId, [target.assetId], [faceJob])) > 0) await orderFaces(tx, target)
}

/** The same where the asset's previews are there, or there anew: what was found in others counts no more. */
export async function orderFacesAnew({ assetJobs, jobs }: { readonly assetJobs: AssetJobRepository; readonly jobs: JobRepository }, scope: AssetScope<'edit'>) {
  await assetJobs.set(scope, [faceJob], { state: 'NOT_STARTED' })
  await orderFaces({ jobs }, scope)
}
