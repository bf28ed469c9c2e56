import { z } from 'zod'
import { Asset } from '../../assets/asset.schemas.ts'
import { driveRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pageQuery } from '../../model/cursor.ts'
import { TrashedAsset } from './trash.schemas.ts'
import type { TrashService } from './trash.service.ts'

const tag = 'Trash'
const drive = 'path'
const params = { asset_id: z.guid().describe('The asset in the trash') }

export const trashRoutes = (trash: TrashService): Route[] => [
  driveRoute({
    method: 'GET',
    path: '/trash',
    drive,
    operationId: 'listTrash',
    tag,
    summary: 'List the assets in the trash, the newest first',
    action: 'edit',
    query: pageQuery,
    response: pageOf(TrashedAsset),
    handle: async ({ scope, query }) => ok(await trash.list(scope, query)),
  }),
  driveRoute({
    method: 'POST',
    path: '/trash/{asset_id}/restore',
    drive,
    operationId: 'restoreAsset',
    tag,
    summary: 'Restore an asset from the trash',
    description: 'To where it was, or beside it where that path is taken: `name (2).mov`.',
    action: 'edit',
    params,
    refusals: { conflict: 'Others took every path that it was tried at' },
    response: Asset,
    handle: async ({ scope, params: { asset_id } }) => ok(await trash.restore(scope, asset_id)),
  }),
  driveRoute({
    method: 'DELETE',
    path: '/trash/{asset_id}',
    drive,
    operationId: 'purgeAsset',
    tag,
    summary: 'Delete an asset in the trash for good',
    description: 'There is no way back.',
    action: 'manage',
    params,
    response: z.literal(true),
    handle: async ({ scope, params: { asset_id } }) => ok(await trash.purge(scope, asset_id)),
  }),
  driveRoute({
    method: 'DELETE',
    path: '/trash',
    drive,
    operationId: 'emptyTrash',
    tag,
    summary: 'Delete all that is in the trash for good',
    description: 'There is no way back.',
    action: 'manage',
    response: z.literal(true),
    handle: async ({ scope }) => ok(await trash.empty(scope)),
  }),
]
