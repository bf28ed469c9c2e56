import { z } from 'zod'
import { driveRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pageQuery } from '../../model/cursor.ts'
import { actionOrFamily, ActivityEntry } from './activity.schemas.ts'
import type { ActivityService } from './activity.service.ts'

export const activityRoutes = (activity: ActivityService): Route[] => [
  driveRoute({
    method: 'GET',
    path: '/activity',
    drive: 'path',
    operationId: 'listActivity',
    tag: 'Activity',
    summary: 'Who did what, when, from what to what; the newest first',
    description: 'Of the whole drive for the role FULL_ACCESS; of one asset, by `asset_id`, for a VIEWER.',
    action: 'read',
    query: { asset_id: z.guid().optional().describe('Only what was done with this asset'), action: actionOrFamily.optional(), ...pageQuery },
    response: pageOf(ActivityEntry),
    handle: async ({ scope, query }) => ok(await activity.list(scope, { assetId: query.asset_id, action: query.action, page: query })),
  }),
]
