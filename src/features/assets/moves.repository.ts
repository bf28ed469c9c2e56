import { and, eq, isNull, sql } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import { type Executor, violatedConstraint } from '../../db/client.ts'
import { assets, livingAssets } from '../../db/schema/index.ts'
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
    /** As it is now, and until the transaction ends. */
    async lock(scope: AssetScope<'edit'>) {
      const rows = await db
        .select({ directory: assets.directory, name: assets.name, extension: assets.extension, type: assets.type })
        .from(assets)
        .where(living(scope))
        .for('update')
      return rows[0]
    },

    /** False where the path is taken: the transaction is then at its end. */
    async move(scope: AssetScope<'edit'>, place: Place, at: Date): Promise<boolean> {
      try {
        await db.update(assets).set({ ...place, version: sql`${assets.version} + 1`, updatedAt: at }).where(living(scope))
        return true
      } catch (error) {
        if (violatedConstraint(error) === 'assets_path_taken') return false
        throw error
      }
    },

    /** Who has a path, of the drive that the asset is in. */
    async holder({ driveId }: AssetScope<'edit'>, { directory, name }: AssetPath): Promise<string | undefined> {
      const rows = await db
        .select({ id: livingAssets.id })
        .from(livingAssets)
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.directory, directory), eq(livingAssets.name, name)))
      return rows[0]?.id
    },

    async trash(scope: AssetScope<'edit'>, { deleted, purgeAfter }: { readonly deleted: Date; readonly purgeAfter: Date }) {
      await db.update(assets).set({ deletedAt: deleted, purgeAfter }).where(living(scope))
    },
  }
}
