import { and, eq, isNull, sql } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import { afterEmptying, orPathTaken } from '../../assets/paths.repository.ts'
import type { Executor } from '../../db/client.ts'
import { assets } from '../../db/schema/index.ts'
import type { AssetPath } from '../../model/asset-path.ts'
import type { AssetType } from '../../model/asset-type.ts'

export type MoveRepository = ReturnType<typeof createMoveRepository>

interface Place extends AssetPath {
  readonly extension: string
  readonly type: AssetType
}

/** Where one asset lies: elsewhere in its drive, or in the trash. */
export function createMoveRepository(db: Executor) {
  const living = ({ driveId, assetId }: AssetScope<'edit'>) => and(eq(assets.driveId, driveId), eq(assets.id, assetId), isNull(assets.deletedAt))

  return {
    /** Throws `PathTaken`. */
    async move(scope: AssetScope<'edit'>, place: Place, at: Date) {
      const placedAt = sql`CASE WHEN ${assets.directory} = ${place.directory} THEN ${assets.placedAt} ELSE ${at.toISOString()}::timestamptz END`
      await orPathTaken(db.update(assets).set({ ...place, version: sql`${assets.version} + 1`, updatedAt: at, placedAt }).where(living(scope)))
    },

    async trash(scope: AssetScope<'edit'>, { deleted, purgeAfter }: { readonly deleted: Date; readonly purgeAfter: Date }) {
      await db.update(assets).set({ deletedAt: afterEmptying(scope.driveId, deleted), purgeAfter }).where(living(scope))
    },
  }
}
