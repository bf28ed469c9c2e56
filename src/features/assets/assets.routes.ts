import { z } from 'zod'
import { assetRoute, driveRoute, ok, type Route } from '../../http/define-route.ts'
import { Asset, PreviewImage } from './assets.schemas.ts'
import type { AssetService } from './assets.service.ts'

const tag = 'Assets'

export const assetRoutes = (assets: AssetService): Route[] => [
  assetRoute({
    method: 'GET',
    path: '',
    operationId: 'getAsset',
    tag,
    summary: 'Get an asset',
    action: 'read',
    response: Asset,
    handle: async ({ scope }) => ok(await assets.get(scope)),
  }),
  driveRoute({
    method: 'GET',
    path: '/assets/path',
    operationId: 'getAssetByPath',
    tag,
    summary: 'Get an asset from its path',
    description: 'The path is bare (`folder/file.mov`) or led by the drive’s id, in NFC or NFD.',
    action: 'read',
    drive: 'query',
    query: { path: z.string().min(1).max(4096).describe('The path of the asset') },
    response: Asset,
    handle: async ({ scope, query }) => ok(await assets.getByPath(scope, query.path)),
  }),
  assetRoute({
    method: 'GET',
    path: '/previews',
    operationId: 'listPreviews',
    tag,
    summary: 'Get all preview images for an asset, with signed URLs',
    action: 'read',
    response: z.array(PreviewImage),
    handle: async ({ scope }) => ok(await assets.previews(scope)),
  }),
]
