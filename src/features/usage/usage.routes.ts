import { driveRoute, ok, type Route } from '../../http/define-route.ts'
import { Usage } from './usage.schemas.ts'
import type { UsageService } from './usage.service.ts'

export const usageRoutes = (usage: UsageService): Route[] => [
  driveRoute({
    method: 'GET',
    path: '/assets/usage',
    drive: 'query',
    operationId: 'getAssetUsage',
    tag: 'Assets',
    summary: 'Get the usage of a drive’s assets',
    description: 'As of now: every upload, deletion and rendition that was answered is in it.',
    action: 'manage',
    response: Usage,
    handle: async ({ scope }) => ok(await usage.get(scope)),
  }),
]
