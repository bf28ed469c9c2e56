import { and, eq, sql } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { assets, renditions } from '../../db/schema/index.ts'

export type ThumbnailRepository = ReturnType<typeof createThumbnailRepository>

interface NewThumbnail {
  readonly id: string
  readonly objectId: string
  readonly width: number
  readonly height: number
  readonly at: Date
}

/** The picture that somebody chose to stand for an asset: the rendition of this kind, of which there is one at most. */
export function createThumbnailRepository(db: Executor) {
  const living = ({ driveId, assetId }: AssetScope<'edit'>) => and(eq(assets.driveId, driveId), eq(assets.id, assetId), sql`${assets.deletedAt} IS NULL`)

  return {
    /** Answers the objects that lost their use. */
    async remove({ driveId, assetId }: AssetScope<'edit'>): Promise<string[]> {
      const removed = await db
        .delete(renditions)
        .where(and(eq(renditions.driveId, driveId), eq(renditions.assetId, assetId), eq(renditions.kind, 'thumbnail')))
        .returning({ objectId: renditions.objectId })
      return removed.map((each) => each.objectId)
    },

    async insert({ driveId, assetId }: AssetScope<'edit'>, { at, ...thumbnail }: NewThumbnail) {
      await db.insert(renditions).values({ ...thumbnail, driveId, assetId, kind: 'thumbnail', createdAt: at })
    },

    /** Who reads the asset sees a change. */
    async touch(scope: AssetScope<'edit'>, at: Date) {
      await db.update(assets).set({ version: sql`${assets.version} + 1`, updatedAt: at }).where(living(scope))
    },
  }
}
