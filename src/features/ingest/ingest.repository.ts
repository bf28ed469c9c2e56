import { and, eq, gte, inArray, lt, sql } from 'drizzle-orm'
import type { AssetScope, DriveScope } from '../../access/scope.ts'
import { type Executor, violatedConstraint } from '../../db/client.ts'
import { assets, livingAssets, type MetadataScalar, objects, previews, renditions } from '../../db/schema/index.ts'
import type { AssetPath } from '../../model/asset-path.ts'
import type { AssetType } from '../../model/asset-type.ts'
import type { RenditionKind } from '../../objects/object-keys.ts'

export type IngestRepository = ReturnType<typeof createIngestRepository>

export interface NewAsset extends AssetPath {
  readonly id: string
  readonly extension: string
  readonly type: AssetType
  readonly sourceObjectId: string
  readonly sizeBytes: number
  readonly contentType: string
  readonly contentHash: Buffer
  readonly sourceModifiedAt: Date | null
  readonly createdBy: string | null
  readonly at: Date
}

/** What the inspection of a source found. */
export interface Inspection {
  readonly type: AssetType
  readonly contentType: string
  readonly systemMetadata: Readonly<Record<string, MetadataScalar>>
  readonly durationSeconds: number | null
  readonly frameRate: { readonly num: number; readonly den: number } | null
  readonly isVariableRate: boolean | null
  readonly startTimecodeFrames: number | null
  readonly isDropFrame: boolean | null
  readonly at: Date
}

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

export function createIngestRepository(db: Executor) {
  const living = ({ driveId, assetId }: AssetScope<'edit'>) => and(eq(assets.driveId, driveId), eq(assets.id, assetId), sql`${assets.deletedAt} IS NULL`)

  return {
    /** Living assets of the folder whose names begin so: a file's earlier versions are among them. */
    namesakes: ({ driveId }: DriveScope<'edit'>, directory: string, stem: string) =>
      db
        .select({ id: livingAssets.id, name: livingAssets.name, sizeBytes: livingAssets.sizeBytes, contentHash: livingAssets.contentHash, sourceModifiedAt: livingAssets.sourceModifiedAt })
        .from(livingAssets)
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.directory, directory), gte(livingAssets.name, stem), lt(livingAssets.name, `${stem}\u{10ffff}`))),

    async noteModified({ driveId }: DriveScope<'edit'>, id: string, modified: Date) {
      await db.update(assets).set({ sourceModifiedAt: modified }).where(and(eq(assets.driveId, driveId), eq(assets.id, id)))
    },

    /** False where the path is taken. Call it in a transaction of its own attempt: a refused insert ends it. */
    async insert({ driveId }: DriveScope<'edit'>, { at, ...asset }: NewAsset): Promise<boolean> {
      try {
        await db.insert(assets).values({ ...asset, driveId, createdAt: at, updatedAt: at })
        return true
      } catch (error) {
        if (violatedConstraint(error) === 'assets_path_taken') return false
        throw error
      }
    },

    async source({ driveId, assetId }: AssetScope<'edit'>) {
      const rows = await db
        .select({
          name: livingAssets.name,
          extension: livingAssets.extension,
          type: livingAssets.type,
          sizeBytes: livingAssets.sizeBytes,
          contentType: livingAssets.contentType,
          key: objects.key,
        })
        .from(livingAssets)
        .innerJoin(objects, and(eq(objects.driveId, livingAssets.driveId), eq(objects.id, livingAssets.sourceObjectId)))
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.id, assetId)))
      return rows[0]
    },

    async setInspection(scope: AssetScope<'edit'>, { frameRate, durationSeconds, at, ...found }: Inspection) {
      await db
        .update(assets)
        .set({
          ...found,
          durationSeconds: durationSeconds === null ? null : String(durationSeconds),
          frameRateNum: frameRate?.num ?? null,
          frameRateDen: frameRate?.den ?? null,
          version: sql`${assets.version} + 1`,
          updatedAt: at,
        })
        .where(living(scope))
    },

    /** Puts these in the place of those there were; answers the objects that lost their use. */
    async replacePreviews({ driveId, assetId }: AssetScope<'edit'>, made: readonly NewPreview[]): Promise<string[]> {
      const old = await db.delete(previews).where(and(eq(previews.driveId, driveId), eq(previews.assetId, assetId))).returning({ objectId: previews.objectId })
      if (made.length > 0)
        await db.insert(previews).values(made.map(({ timestampSeconds, ...each }) => ({ ...each, driveId, assetId, timestampSeconds: timestampSeconds === null ? null : String(timestampSeconds) })))
      return old.map((each) => each.objectId)
    },

    async replaceRenditions({ driveId, assetId }: AssetScope<'edit'>, made: readonly NewRendition[], at: Date): Promise<string[]> {
      if (made.length === 0) return []
      const kinds = made.map((each) => each.kind)
      const old = await db
        .delete(renditions)
        .where(and(eq(renditions.driveId, driveId), eq(renditions.assetId, assetId), inArray(renditions.kind, kinds)))
        .returning({ objectId: renditions.objectId })
      await db.insert(renditions).values(made.map((each) => ({ ...each, driveId, assetId, createdAt: at })))
      return old.map((each) => each.objectId)
    },

    /** Whether the asset is still there, and kept so until the transaction ends. */
    async lock(scope: AssetScope<'edit'>): Promise<boolean> {
      const rows = await db.select({ id: assets.id }).from(assets).where(living(scope)).for('update')
      return rows.length > 0
    },
  }
}
