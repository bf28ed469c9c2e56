import { z } from 'zod'
import type { AssetScope, DriveScope } from '../../access/scope.ts'
import type { AssetRepository } from '../../assets/assets.repository.ts'
import { presentAsset } from '../../assets/present-asset.ts'
import { notFound } from '../../errors.ts'
import { fullPath } from '../../model/asset-path.ts'
import { type Cursors, type Page, pageBy, pageById } from '../../model/cursor.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { DuplicateRepository, GroupRow } from './duplicates.repository.ts'
import { type DuplicateGroup, shownOfGroup } from './duplicates.schemas.ts'

export type DuplicateService = ReturnType<typeof createDuplicateService>

interface Needs {
  readonly store: { readonly duplicates: DuplicateRepository; readonly assets: AssetRepository }
  readonly links: LinkSigner
  readonly cursors: Cursors
}

const byHash = { schema: z.string(), positionOf: ({ hash }: GroupRow) => hash }

export function createDuplicateService({ store, links, cursors }: Needs) {
  return {
    /** The other assets with the content of this one. */
    async of(scope: AssetScope<'read'>, page: Page) {
      const found = await pageById(
        { cursors, list: `duplicates of ${scope.driveId} ${scope.assetId}`, page },
        (after, limit) => store.duplicates.of(scope, { after, limit }),
        (row) => presentAsset(row, links),
      )
      if (found.items.length === 0 && !(await store.assets.find(scope))) throw notFound('Asset')
      return found
    },

    groups: (scope: DriveScope<'read'>, page: Page) =>
      pageBy({ cursors, list: `duplicates in ${scope.driveId}`, page }, byHash, {
        read: (after, limit) => store.duplicates.groups(scope, { after, limit, shown: shownOfGroup }),
        present: (row) => presentGroup(scope.driveId, row),
      }),
  }
}

function presentGroup(driveId: string, { hash, count, members }: GroupRow): DuplicateGroup {
  const sizeBytes = members[0]?.[4] ?? 0 // that of each: a hash stands for one content
  return {
    content_hash: hash,
    size_bytes: sizeBytes,
    count,
    wasted_bytes: sizeBytes * (count - 1),
    assets: members.map(([id, directory, name, created]) => ({ id, path: fullPath(driveId, { directory, name }), created: new Date(created).toISOString() })),
  }
}
