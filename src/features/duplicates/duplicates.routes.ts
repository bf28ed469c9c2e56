import { Asset } from '../../assets/asset.schemas.ts'
import { assetRoute, driveRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pageQuery } from '../../model/cursor.ts'
import { DuplicateGroup } from './duplicates.schemas.ts'
import type { DuplicateService } from './duplicates.service.ts'

const common = { method: 'GET', path: '/duplicates', tag: 'Duplicates', action: 'read', query: pageQuery } as const

export const duplicateRoutes = (duplicates: DuplicateService): Route[] => [
  assetRoute({
    ...common,
    operationId: 'listDuplicatesOfAsset',
    summary: 'List the other assets of the drive with the same content',
    description: 'The oldest first. The content is known once the asset’s job `metadata` has read it. Empty files, and what lies in the trash, are no duplicates.',
    driveRequired: false,
    response: pageOf(Asset),
    handle: async ({ scope, query }) => ok(await duplicates.of(scope, query)),
  }),
  driveRoute({
    ...common,
    operationId: 'listDuplicates',
    summary: 'List the contents that a drive has more than once, with their assets',
    description: 'In the order of their hashes. Nothing is refused for being there twice: what is to go, people decide.',
    drive: 'path',
    response: pageOf(DuplicateGroup),
    handle: async ({ scope, query }) => ok(await duplicates.groups(scope, query)),
  }),
]
