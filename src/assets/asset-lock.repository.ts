import { and, eq, isNull } from 'drizzle-orm'
import type { AssetScope } from '../access/scope.ts'
import type { Executor } from '../db/client.ts'
import { assets } from '../db/schema/index.ts'

export type AssetLockRepository = ReturnType<typeof createAssetLockRepository>

/** The lock under which an asset, and what hangs on it, is changed. */
export const createAssetLockRepository = (db: Executor) => ({
  /** The asset as it is now, and stays until the transaction ends; undefined where it is gone, or lies in the trash. */
  async take({ driveId, assetId }: AssetScope<'edit'>) {
    const rows = await db
      .select({ directory: assets.directory, name: assets.name, extension: assets.extension, type: assets.type, systemMetadata: assets.systemMetadata })
      .from(assets)
      .where(and(eq(assets.driveId, driveId), eq(assets.id, assetId), isNull(assets.deletedAt)))
      .for('update')
    return rows[0]
  },
})
