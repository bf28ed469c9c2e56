import { z } from 'zod'
import { assetRoute, driveRoute, ok, type Route } from '../../http/define-route.ts'
import { Asset, PreviewImage } from '../../assets/asset.schemas.ts'
import { queryBoolean } from '../../http/query-values.ts'
import { pageOf, pathPageQuery } from '../../model/cursor.ts'
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
  driveRoute({
    method: 'GET',
    path: '/assets',
    operationId: 'listAssets',
    tag,
    summary: 'List the assets of a folder',
    description: 'In the order of folder and name, by bytes. A folder that does not exist has none.',
    action: 'read',
    drive: 'path',
    query: {
      path: z.string().max(4096).default('/').meta({ 'x-default': '/', description: 'The folder: bare, or led by the drive’s id' }),
      recursive: queryBoolean(false, 'Whether to list what lies in its subfolders too'),
      ...pathPageQuery,
    },
    response: pageOf(Asset),
    handle: async ({ scope, query }) => ok(await assets.list(scope, { path: query.path, recursive: query.recursive, page: query })),
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
