import { and, asc, eq, gte, isNull, lt, lte, sql } from 'drizzle-orm'
import { afterEmptying, orPathTaken } from '../../assets/paths.repository.ts'
import { type Executor, rowsOf } from '../../db/client.ts'
import { assets } from '../../db/schema/index.ts'
import { type AssetPath, endOf, longestPath } from '../../model/asset-path.ts'

export type FolderAssetRepository = ReturnType<typeof createFolderAssetRepository>

export interface PlacedAsset extends AssetPath {
  readonly id: string
}

interface Part {
  readonly directory: string
  /** What came there later stays; null = all. */
  readonly placedUntil: Date | null
  /** By how many bytes the paths grow: what would be too long then stays too. */
  readonly growth: number
  readonly limit: number
}

/** The assets below a folder, as its move and its deletion take them: part by part. */
export function createFolderAssetRepository(db: Executor) {
  const a = assets

  return {
    /** Locked before anything is changed, in the order of their paths. */
    lockSome: (driveId: string, { directory, placedUntil, growth, limit }: Part): Promise<PlacedAsset[]> =>
      db
        .select({ id: a.id, directory: a.directory, name: a.name })
        .from(a)
        .where(
          and(
            eq(a.driveId, driveId),
            isNull(a.deletedAt),
            gte(a.directory, directory),
            lt(a.directory, endOf(directory)),
            placedUntil === null ? undefined : lte(a.placedAt, placedUntil),
            growth > 0 ? sql`octet_length(${a.directory}) + octet_length(${a.name}) + ${growth}::int <= ${longestPath}::int` : undefined,
          ),
        )
        .orderBy(asc(a.directory), asc(a.name))
        .limit(limit)
        .for('update'),

    /** Which of these places others have. */
    async taken(driveId: string, places: readonly PlacedAsset[]): Promise<ReadonlySet<string>> {
      const rows = await rowsOf<{ readonly id: string }>(db, sql`
        SELECT given.id FROM ${given(places)}
        JOIN living_assets a ON a.drive_id = ${driveId} AND a.directory = given.directory AND a.name = given.name`)
      return new Set(rows.map((row) => row.id))
    },

    /** Throws `PathTaken` where one of the paths was taken just now. */
    async move(driveId: string, places: readonly PlacedAsset[], at: Date) {
      const now = sql`${at.toISOString()}::timestamptz`
      const moved = db.execute(sql`
        UPDATE assets a SET directory = given.directory, name = given.name, version = a.version + 1, updated_at = ${now}, placed_at = ${now}
        FROM ${given(places)} WHERE a.drive_id = ${driveId} AND a.id = given.id`)
      await orPathTaken(moved)
    },

    async trash(driveId: string, ids: readonly string[], { deleted, purgeAfter }: { readonly deleted: Date; readonly purgeAfter: Date }) {
      await db
        .update(a)
        .set({ deletedAt: afterEmptying(driveId, deleted), purgeAfter })
        .where(and(eq(a.driveId, driveId), sql`${a.id} = ANY(${sql.param([...ids])}::uuid[])`))
    },
  }
}

/** As one parameter, whatever their number. */
const given = (places: readonly PlacedAsset[]) =>
  sql`jsonb_to_recordset(${JSON.stringify(places)}::jsonb) AS given (id uuid, directory text COLLATE "C", name text COLLATE "C")`
