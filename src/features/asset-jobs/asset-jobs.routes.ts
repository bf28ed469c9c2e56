import { z } from 'zod'
import { assetRoute, ok, type Route } from '../../http/define-route.ts'
import { AssetJob } from './asset-jobs.schemas.ts'
import type { AssetJobService } from './asset-jobs.service.ts'

export const assetJobRoutes = (jobs: AssetJobService): Route[] => [
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
]
