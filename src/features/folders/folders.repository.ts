import { and, eq, gte, lt, type SQL, sql } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import { type Executor, rowsOf } from '../../db/client.ts'
import { drives, folders } from '../../db/schema/index.ts'
import { endOf } from '../../model/asset-path.ts'

export type FolderRepository = ReturnType<typeof createFolderRepository>

export interface FolderRow {
  /** As an asset's `directory`. */
  readonly path: string
  readonly count: number
}

/** A folder is there while an asset lies below it, or a row says so. */
export function createFolderRepository(db: Executor) {
  const below = (driveId: string, directory: string) => and(eq(folders.driveId, driveId), gte(folders.path, directory), lt(folders.path, endOf(directory)))

  return {
    /**
     * Held until the transaction ends: changes to the folders of a drive take turns, and no upload waits for them. False where the drive is gone.
     * Who would wait longer than a moment is sent away (a database that is busy): each waits with a connection, of which others have need.
     */
    async lock({ driveId }: DriveScope<'edit'>): Promise<boolean> {
      await db.execute(sql`SET LOCAL lock_timeout = '1s'`)
      return (await db.select({ id: drives.id }).from(drives).where(eq(drives.id, driveId)).for('no key update')).length > 0
    },

    /**
     * The folders directly in one, each with the assets below it: a loose scan of two indexes, which finds the next folder and jumps to its end,
     * however much lies in it. `split_part` and `length` count characters of the same text, so no name is cut in the middle.
     */
    list: ({ driveId }: DriveScope<'read'>, { directory, after, limit }: { readonly directory: string; readonly after: string | undefined; readonly limit: number }) => {
      const next = (from: SQL) => sql`(
        SELECT ${directory}::text || split_part(substr(least(
          (SELECT a.directory FROM living_assets a WHERE a.drive_id = ${driveId} AND a.directory > ${from} AND a.directory < ${endOf(directory)} ORDER BY a.directory LIMIT 1),
          (SELECT f.path FROM folders f WHERE f.drive_id = ${driveId} AND f.path > ${from} AND f.path < ${endOf(directory)} ORDER BY f.path LIMIT 1)
        ), length(${directory}::text) + 1), '/', 1) || '/')`
      return rowsOf<FolderRow>(db, sql`
        WITH RECURSIVE found (path, number) AS (
          SELECT ${next(sql`${after === undefined ? directory : endOf(after)}::text COLLATE "C"`)}, 1
          UNION ALL
          SELECT ${next(sql`(left(found.path, -1) || '0') COLLATE "C"`)}, number + 1 FROM found WHERE found.path IS NOT NULL AND number < ${limit})
        SELECT path, (SELECT count(*)::int FROM living_assets a WHERE a.drive_id = ${driveId}
                      AND a.directory >= found.path COLLATE "C" AND a.directory < (left(found.path, -1) || '0') COLLATE "C") AS count
        FROM found WHERE path IS NOT NULL ORDER BY number`)
    },

    /** What lies in a folder at any depth: assets, folders that somebody made (itself among them), and the bytes of the longest path. */
    async content({ driveId }: DriveScope<'edit'>, directory: string) {
      const [found] = await rowsOf<{ readonly assets: number; readonly folders: number; readonly longest: number }>(db, sql`
        SELECT assets, folders, greatest(0, longest_asset, longest_folder) AS longest FROM
          (SELECT count(*)::int AS assets, max(octet_length(directory) + octet_length(name)) AS longest_asset
           FROM living_assets WHERE drive_id = ${driveId} AND directory >= ${directory} AND directory < ${endOf(directory)}) AS of_assets,
          (SELECT count(*)::int AS folders, max(octet_length(path)) AS longest_folder
           FROM folders WHERE drive_id = ${driveId} AND path >= ${directory} AND path < ${endOf(directory)}) AS of_folders`)
      return found ?? { assets: 0, folders: 0, longest: 0 }
    },

    async exists({ driveId }: DriveScope<'edit'>, directory: string): Promise<boolean> {
      const [found] = await rowsOf<{ readonly there: boolean }>(db, sql`
        SELECT EXISTS (SELECT FROM living_assets WHERE drive_id = ${driveId} AND directory >= ${directory} AND directory < ${endOf(directory)})
            OR EXISTS (SELECT FROM folders WHERE drive_id = ${driveId} AND path >= ${directory} AND path < ${endOf(directory)}) AS there`)
      return found?.there ?? false
    },

    /** Whether an asset has this very path: a name is a file's or a folder's. */
    async isAsset({ driveId }: DriveScope<'edit'>, directory: string): Promise<boolean> {
      const cut = directory.lastIndexOf('/', directory.length - 2) + 1
      const [found] = await rowsOf<{ readonly there: boolean }>(db, sql`
        SELECT EXISTS (SELECT FROM living_assets WHERE drive_id = ${driveId} AND directory = ${directory.slice(0, cut)} AND name = ${directory.slice(cut, -1)}) AS there`)
      return found?.there ?? false
    },

    /** False where there is such a row. */
    async insert(folder: typeof folders.$inferInsert): Promise<boolean> {
      return (await db.insert(folders).values(folder).onConflictDoNothing().returning({ path: folders.path })).length > 0
    },

    /** The rows of a folder and of what is below it, not its assets. */
    async moveRows({ driveId }: DriveScope<'edit'>, from: string, to: string) {
      await db
        .update(folders)
        .set({ path: sql`${to}::text || substr(${folders.path}, length(${from}::text) + 1)` })
        .where(below(driveId, from))
    },

    async deleteRows({ driveId }: DriveScope<'edit'>, directory: string) {
      await db.delete(folders).where(below(driveId, directory))
    },
  }
}
