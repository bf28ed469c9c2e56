import { z } from 'zod'
import { Asset } from '../../assets/asset.schemas.ts'
import { assetRoute, ok, type Route } from '../../http/define-route.ts'
import type { MoveService } from './moves.service.ts'

const tag = 'Assets'

export const moveRoutes = (moves: MoveService): Route[] => [
  assetRoute({
    method: 'PUT',
    path: '',
    operationId: 'moveAsset',
    tag,
    summary: 'Rename or move an asset',
    description: 'A path that another asset has answers 409, with its `asset_id`. The folder need not exist.',
    action: 'edit',
    drive: 'body',
    body: z.object({ path: z.string().min(1).max(4096).meta({ description: 'The new path: bare, or led by the drive’s id', examples: ['/archive/file.mov'] }) }).meta({ id: 'AssetMove' }),
    refusals: { conflict: 'Another asset has the path; `asset_id` names it' },
    response: Asset,
    handle: async ({ scope, body }) => ok(await moves.move(scope, body.path)),
  }),
  assetRoute({
    method: 'DELETE',
    path: '',
    operationId: 'deleteAsset',
    tag,
    summary: 'Put an asset into the trash',
    description: 'It can be restored for 30 days.',
    action: 'edit',
    response: z.literal(true),
    handle: async ({ scope }) => ok(await moves.delete(scope)),
  }),
]
