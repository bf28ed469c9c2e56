import { z } from 'zod'
import type { AssetScope, DriveScope } from '../../access/scope.ts'
import type { Asset, PreviewImage } from '../../assets/asset.schemas.ts'
import type { AssetRepository } from '../../assets/assets.repository.ts'
import { presentAsset, presentPreviews } from '../../assets/present-asset.ts'
import { notFound } from '../../errors.ts'
import { type AssetPath, parseKnownPath, parseFolderPath } from '../../model/asset-path.ts'
import { type Cursors, type Page, pageBy } from '../../model/cursor.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'

export type AssetService = ReturnType<typeof createAssetService>

interface Needs {
  readonly store: { readonly assets: AssetRepository }
  readonly links: LinkSigner
  readonly cursors: Cursors
}
interface FolderOrder {
  readonly path: string
  readonly recursive: boolean
  readonly page: Page
}

/** A page begins after an asset's place, whether that asset is still there or not. */
const byPath = { schema: z.object({ directory: z.string(), name: z.string() }), positionOf: ({ directory, name }: AssetPath) => ({ directory, name }) }

export function createAssetService({ store, links, cursors }: Needs) {
  return {
    async get(scope: AssetScope<'read'>): Promise<Asset> {
      const row = await store.assets.find(scope)
      if (!row) throw notFound('Asset')
      return presentAsset(row, links)
    },

    async getByPath(scope: DriveScope<'read'>, path: string): Promise<Asset> {
      const row = await store.assets.findByPath(scope, parseKnownPath(path, scope.driveId))
      if (!row) throw notFound('Asset')
      return presentAsset(row, links)
    },

    async list(scope: DriveScope<'read'>, { path, recursive, page }: FolderOrder) {
      const directory = parseFolderPath(path, scope.driveId)
      return pageBy({ cursors, list: `assets ${recursive ? 'below' : 'in'} ${scope.driveId} ${directory}`, page }, byPath, {
        read: (after, limit) => store.assets.list(scope, { directory, recursive, after, limit }),
        present: (row) => presentAsset(row, links),
      })
    },

    async previews(scope: AssetScope<'read'>): Promise<PreviewImage[]> {
      const row = await store.assets.find(scope)
      if (!row) throw notFound('Asset')
      return presentPreviews(row, links)
    },
  }
}
