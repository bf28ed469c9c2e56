import { driveRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pageQuery } from '../../model/cursor.ts'
import { UnfinishedUpload } from './unfinished-uploads.schemas.ts'
import type { UnfinishedUploadService } from './unfinished-uploads.service.ts'

export const unfinishedUploadRoutes = (uploads: UnfinishedUploadService): Route[] => [
  driveRoute({
    method: 'GET',
    path: '/uploads',
    drive: 'path',
    operationId: 'listUploads',
    tag: 'Uploads',
    summary: 'List your unfinished uploads',
    description: 'To go on with, or to give up: those of others are theirs to see.',
    action: 'edit',
    query: pageQuery,
    response: pageOf(UnfinishedUpload),
    handle: async ({ scope, query }) => ok(await uploads.list(scope, query)),
  }),
]
