import { and, asc, eq, lt, sql } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { assets, livingAssets, type MetadataScalar, objects } from '../../db/schema/index.ts'
import type { AssetType } from '../../model/asset-type.ts'

export type SourceRepository = ReturnType<typeof createSourceRepository>
export type SourceRow = NonNullable<Awaited<ReturnType<SourceRepository['find']>>>
export type SystemMetadata = Readonly<Record<string, MetadataScalar>>

/** What the inspection of a source found. */
export interface Inspection {
  readonly type: AssetType
  readonly contentType: string
  readonly systemMetadata: SystemMetadata
  readonly durationSeconds: number | null
  readonly frameRate: { readonly num: number; readonly den: number } | null
  readonly isVariableRate: boolean | null
  readonly startTimecodeFrames: number | null
  readonly isDropFrame: boolean | null
  readonly at: Date
}

/** An asset's source, as the jobs on it see it, and what they found out about it. */
export function createSourceRepository(db: Executor) {
  const living = ({ driveId, assetId }: AssetScope<'edit'>) => and(eq(assets.driveId, driveId), eq(assets.id, assetId), sql`${assets.deletedAt} IS NULL`)

  return {
    async find({ driveId, assetId }: AssetScope<'edit'>) {
      const rows = await db
        .select({
          name: livingAssets.name,
          extension: livingAssets.extension,
          type: livingAssets.type,
          sizeBytes: livingAssets.sizeBytes,
          contentType: livingAssets.contentType,
          contentHash: livingAssets.contentHash,
          key: objects.key,
        })
        .from(livingAssets)
        .innerJoin(objects, and(eq(objects.driveId, livingAssets.driveId), eq(objects.id, livingAssets.sourceObjectId)))
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.id, assetId)))
      return rows[0]
    },

    /** The oldest living asset of the drive that had these bytes before this one did. */
    async twinOf({ driveId, assetId }: AssetScope<'edit'>): Promise<string | undefined> {
      const self = db.select({ hash: livingAssets.contentHash }).from(livingAssets).where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.id, assetId)))
      const rows = await db
        .select({ id: livingAssets.id })
        .from(livingAssets)
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.contentHash, self), sql`${livingAssets.sizeBytes} > 0`, lt(livingAssets.id, assetId)))
        .orderBy(asc(livingAssets.id))
        .limit(1)
      return rows[0]?.id
    },

    async setHash(scope: AssetScope<'edit'>, contentHash: Buffer) {
      await db.update(assets).set({ contentHash }).where(living(scope))
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
  }
}
