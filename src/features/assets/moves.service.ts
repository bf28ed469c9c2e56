import type { AssetScope } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { Asset } from '../../assets/asset.schemas.ts'
import type { AssetLockRepository } from '../../assets/asset-lock.repository.ts'
import type { AssetRepository } from '../../assets/assets.repository.ts'
import { PathTaken } from '../../assets/path-taken.ts'
import type { PathRepository } from '../../assets/paths.repository.ts'
import { presentAsset } from '../../assets/present-asset.ts'
import { purgeAfter } from '../../assets/trash-time.ts'
import type { Store } from '../../db/store.ts'
import { notFound, pathTaken } from '../../errors.ts'
import { type AssetPath, extensionOf, fullPath, parseAssetPath } from '../../model/asset-path.ts'
import { type AssetType, assetTypeOf } from '../../model/asset-type.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { MoveRepository } from './moves.repository.ts'

export type MoveService = ReturnType<typeof createMoveService>

interface Repositories {
  readonly assetLock: AssetLockRepository
  readonly assets: AssetRepository
  readonly moves: MoveRepository
  readonly paths: PathRepository
  readonly activity: ActivityRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly links: LinkSigner
  readonly clock: Clock
}

export function createMoveService({ store, links, clock }: Needs) {
  const moveTo = (scope: AssetScope<'edit'>, path: AssetPath): Promise<Asset> =>
    store.transaction(async (tx) => {
      const before = await tx.assetLock.take(scope)
      if (!before) throw notFound('Asset')
      if (before.directory !== path.directory || before.name !== path.name) {
        const at = clock.now()
        const extension = extensionOf(path.name)
        const type = typeAs(before.type as AssetType, before.extension, extension) // written from the same list
        await tx.moves.move(scope, { ...path, extension, type }, at)
        const { driveId, assetId, caller } = scope
        await tx.activity.add({ driveId, caller, action: 'asset.moved', assetId, before: { path: fullPath(driveId, before) }, after: { path: fullPath(driveId, path) }, at })
      }
      const row = await tx.assets.find(scope)
      if (!row) throw notFound('Asset')
      return presentAsset(row, links)
    })

  return {
    /** Renames it, moves it, or both; where it lies there already nothing happens. */
    async move(scope: AssetScope<'edit'>, text: string): Promise<Asset> {
      const path = parseAssetPath(text, scope.driveId, ['body', 'path'])
      try {
        return await moveTo(scope, path)
      } catch (error) {
        if (error instanceof PathTaken) throw pathTaken((await store.paths.holder(scope, path))?.id ?? null)
        throw error
      }
    },

    /** Into the trash, which gives it back or lets it go some weeks later. */
    delete: (scope: AssetScope<'edit'>): Promise<true> =>
      store.transaction(async (tx) => {
        const before = await tx.assetLock.take(scope)
        if (!before) throw notFound('Asset')
        const at = clock.now()
        await tx.moves.trash(scope, { deleted: at, purgeAfter: purgeAfter(at) })
        const { driveId, assetId, caller } = scope
        await tx.activity.add({ driveId, caller, action: 'asset.deleted', assetId, before: { path: fullPath(driveId, before) }, at })
        return true as const
      }),
  }
}

/** A type that came of the name changes with the name; what was found in the bytes, or chosen by hand, stays. */
function typeAs(type: AssetType, oldExtension: string, newExtension: string): AssetType {
  const isOfBytes = type === 'VIDEO' || type === 'AUDIO' || type === 'IMAGE'
  return !isOfBytes && type === assetTypeOf(oldExtension, undefined) ? assetTypeOf(newExtension, undefined) : type
}
