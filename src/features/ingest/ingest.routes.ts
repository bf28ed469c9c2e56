import { z } from 'zod'
import { Asset } from '../../assets/asset.schemas.ts'
import { driveRoute, ok, type Route } from '../../http/define-route.ts'
import { OnTaken } from '../../model/on-taken.ts'
import type { RegisterService } from './register.service.ts'

const RegisterObject = z
  .object({
    path: z.string().min(1).max(4096).meta({ description: 'Where the asset is to lie', examples: ['folder/file.mov'] }),
    object_key: z.string().min(1).max(1024).meta({ description: 'Below `drives/{drive_id}/incoming/`', examples: ['drives/0190f5f2-7d3c-7c1e-a2ab-5a0e9c6f1b2d/incoming/file.mov'] }),
    on_conflict: OnTaken.optional().describe('Where the path is taken: 409 with `asset_id` (the default), `file (2).mov`, or `file_v2.mov`'),
  })
  .meta({ id: 'RegisterObject' })

export const ingestRoutes = (registering: RegisterService): Route[] => [
  driveRoute({
    method: 'POST',
    path: '/assets',
    operationId: 'registerObject',
    tag: 'Uploads',
    summary: 'Take over an object that is in the bucket already',
    description: 'It stays where it lies, and is the asset’s from then on: it goes when the asset is purged. 409 where it has become an asset before.',
    action: 'edit',
    drive: 'path',
    body: RegisterObject,
    refusals: { conflict: 'Another asset has the path, which `asset_id` names; or the object is an asset already' },
    response: Asset,
    handle: async ({ scope, body }) => ok(await registering.register(scope, { path: body.path, objectKey: body.object_key, onConflict: body.on_conflict ?? 'refuse' })),
  }),
]
