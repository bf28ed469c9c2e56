import { z } from 'zod'
import { assetRoute, ok, type Route } from '../../http/define-route.ts'
import { jobNames } from '../../model/job-names.ts'
import { AssetJob } from './asset-jobs.schemas.ts'
import type { AssetJobService } from './asset-jobs.service.ts'
import type { JobRetryService } from './retry.service.ts'

export const assetJobRoutes = (jobs: AssetJobService, retries: JobRetryService): Route[] => [
  assetRoute({
    method: 'GET',
    path: '/jobs',
    operationId: 'listAssetJobs',
    tag: 'Jobs',
    summary: 'How far the jobs on an asset are, and what went wrong',
    action: 'read',
    driveRequired: false,
    response: z.array(AssetJob),
    handle: async ({ scope }) => ok(await jobs.list(scope)),
  }),
  assetRoute({
    method: 'POST',
    path: '/jobs/{name}/retry',
    operationId: 'retryAssetJob',
    tag: 'Jobs',
    summary: 'Do a job on an asset again',
    description: 'One that is under way, that does not apply to this asset, or that nothing is set up to do answers 409.',
    action: 'edit',
    driveRequired: false,
    // A word that names no job is told after the asset was granted: it is no id.
    params: { name: z.string().max(100).meta({ enum: [...jobNames], description: 'As GET …/jobs names it' }) },
    refusals: { conflict: 'Under way, not for this asset, or nothing is set up to do it' },
    response: AssetJob,
    handle: async ({ scope, params }) => ok(await retries.retry(scope, params.name)),
  }),
]
