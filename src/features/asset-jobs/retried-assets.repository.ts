import { and, eq, isNull } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { assets } from '../../db/schema/index.ts'

export type RetriedAssetRepository = ReturnType<typeof createRetriedAssetRepository>

export const createRetriedAssetRepository = (db: Executor) => ({
  /** What it is, and kept so until the transaction ends. */
  async lock({ driveId, assetId }: AssetScope<'edit'>) {
    const rows = await db
      .select({ type: assets.type, systemMetadata: assets.systemMetadata })
      .from(assets)
      .where(and(eq(assets.driveId, driveId), eq(assets.id, assetId), isNull(assets.deletedAt)))
      .for('update')
    return rows[0]
  },
})
