import { and, eq, inArray } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { previews, renditions } from '../../db/schema/index.ts'
import type { RenditionKind } from '../../objects/object-keys.ts'

export type RenditionRepository = ReturnType<typeof createRenditionRepository>

export interface NewPreview {
  readonly id: string
  readonly objectId: string
  readonly frame: number
  readonly timestampSeconds: number | null
  readonly width: number
  readonly height: number
}
export interface NewRendition {
  readonly id: string
  readonly objectId: string
  readonly kind: RenditionKind
  readonly width: number | null
  readonly height: number | null
}

/** What was made of an asset's source to be shown or played. Both answer the objects that lost their use. */
export function createRenditionRepository(db: Executor) {
  return {
    /** Puts these in the place of all that there were. */
    async replacePreviews({ driveId, assetId }: AssetScope<'edit'>, made: readonly NewPreview[]): Promise<string[]> {
      const old = await db.delete(previews).where(and(eq(previews.driveId, driveId), eq(previews.assetId, assetId))).returning({ objectId: previews.objectId })
      if (made.length > 0)
        await db.insert(previews).values(made.map(({ timestampSeconds, ...each }) => ({ ...each, driveId, assetId, timestampSeconds: timestampSeconds === null ? null : String(timestampSeconds) })))
      return old.map((each) => each.objectId)
    },

    /** Puts each of these in the place of the one of its kind; the other kinds stay. */
    async replace({ driveId, assetId }: AssetScope<'edit'>, made: readonly NewRendition[], at: Date): Promise<string[]> {
      if (made.length === 0) return []
      const kinds = made.map((each) => each.kind)
      const old = await db
        .delete(renditions)
        .where(and(eq(renditions.driveId, driveId), eq(renditions.assetId, assetId), inArray(renditions.kind, kinds)))
        .returning({ objectId: renditions.objectId })
      await db.insert(renditions).values(made.map((each) => ({ ...each, driveId, assetId, createdAt: at })))
      return old.map((each) => each.objectId)
    },
  }
}
