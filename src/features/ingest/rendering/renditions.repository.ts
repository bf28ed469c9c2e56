import { and, eq, inArray, sql } from 'drizzle-orm'
import type { AssetScope } from '../../../access/scope.ts'
import type { Executor } from '../../../db/client.ts'
import { assets, previews, renditions, type Rgb, type StoryboardFacts } from '../../../db/schema/index.ts'
import type { RenditionKind } from '../../../objects/object-keys.ts'

export type { Rgb, StoryboardFacts }
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
  readonly facts: StoryboardFacts | null
}

export interface SourceLength {
  readonly seconds: number
  /** Null for sound. */
  readonly frameCount: number | null
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

    async setPalette({ driveId, assetId }: AssetScope<'edit'>, palette: readonly Rgb[], at: Date) {
      await db
        .update(assets)
        .set({ palette, version: sql`${assets.version} + 1`, updatedAt: at })
        .where(and(eq(assets.driveId, driveId), eq(assets.id, assetId)))
    },

    /** How long the source turned out to be, where its header had claimed something else or nothing. */
    async correctLength({ driveId, assetId }: AssetScope<'edit'>, { seconds, frameCount }: SourceLength, at: Date) {
      const words = JSON.stringify({ duration: seconds, ...(frameCount !== null && { frame_count: frameCount }) })
      // A decoder gives some samples more or less of sound than there are: those by which an encoder leads in.
      const tolerance = frameCount === null ? 0.1 : 0.02
      await db
        .update(assets)
        .set({ durationSeconds: String(seconds), systemMetadata: sql`${assets.systemMetadata} || ${words}::jsonb`, version: sql`${assets.version} + 1`, updatedAt: at })
        .where(
          and(
            eq(assets.driveId, driveId),
            eq(assets.id, assetId),
            sql`(${assets.durationSeconds} IS NULL OR abs(${assets.durationSeconds} - ${seconds}::numeric) > ${tolerance}::numeric OR (${frameCount}::int IS NOT NULL AND (${assets.systemMetadata} -> 'frame_count')::numeric IS DISTINCT FROM ${frameCount}::numeric))`,
          ),
        )
    },
  }
}
