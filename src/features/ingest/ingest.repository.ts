import { and, eq, gte, lt, sql } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import { orPathTaken } from '../../assets/paths.repository.ts'
import type { Executor } from '../../db/client.ts'
import { assets, livingAssets } from '../../db/schema/index.ts'
import type { AssetPath } from '../../model/asset-path.ts'
import type { AssetType } from '../../model/asset-type.ts'

export type IngestRepository = ReturnType<typeof createIngestRepository>

interface NewAsset extends AssetPath {
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

    /** Throws `PathTaken`. */
    async insert({ driveId }: DriveScope<'edit'>, { at, ...asset }: NewAsset) {
      await orPathTaken(db.insert(assets).values({ ...asset, driveId, createdAt: at, updatedAt: at, placedAt: at }))
    },
  }
}
