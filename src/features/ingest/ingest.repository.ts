import { and, eq, gte, lt, sql } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import { type Executor, violatedConstraint } from '../../db/client.ts'
import { assets, livingAssets } from '../../db/schema/index.ts'
import type { AssetPath } from '../../model/asset-path.ts'
import type { AssetType } from '../../model/asset-type.ts'

export type IngestRepository = ReturnType<typeof createIngestRepository>

export interface NewAsset extends AssetPath {
  readonly id: string
  readonly extension: string
  readonly type: AssetType
  readonly sourceObjectId: string
  readonly sizeBytes: number
  readonly contentType: string
  readonly contentHash: Buffer | null
  readonly sourceModifiedAt: Date | null
  readonly createdBy: string | null
  readonly at: Date
}

/** What the upload of a file asks and writes. */
export function createIngestRepository(db: Executor) {
  return {
    /** Living assets of the folder whose names begin so: a file's earlier versions are among them. */
    namesakes: ({ driveId }: DriveScope<'edit'>, directory: string, stem: string) =>
      db
        .select({ id: livingAssets.id, name: livingAssets.name, sizeBytes: livingAssets.sizeBytes, contentHash: livingAssets.contentHash, sourceModifiedAt: livingAssets.sourceModifiedAt })
        .from(livingAssets)
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.directory, directory), gte(livingAssets.name, stem), lt(livingAssets.name, `${stem}\u{10ffff}`))),

    /** The living asset at this path. */
    async holder({ driveId }: DriveScope<'edit'>, { directory, name }: AssetPath) {
      const rows = await db
        .select({ id: livingAssets.id, sizeBytes: livingAssets.sizeBytes, contentHash: livingAssets.contentHash })
        .from(livingAssets)
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.directory, directory), eq(livingAssets.name, name)))
      return rows[0]
    },

    /** The asset whose source this object is, a living one rather than one in the trash. */
    async ofSource({ driveId }: DriveScope<'edit'>, objectId: string) {
      const rows = await db
        .select({ id: assets.id, directory: assets.directory, name: assets.name, deletedAt: assets.deletedAt })
        .from(assets)
        .where(and(eq(assets.driveId, driveId), eq(assets.sourceObjectId, objectId)))
        .orderBy(sql`${assets.deletedAt} IS NOT NULL`)
        .limit(1)
      return rows[0]
    },

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
  }
}
