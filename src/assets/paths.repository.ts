import { and, eq, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import type { AssetScope, DriveScope } from '../access/scope.ts'
import { type Executor, violatedConstraint } from '../db/client.ts'
import { livingAssets } from '../db/schema/index.ts'
import { type AssetPath, numberedRange } from '../model/asset-path.ts'
import { PathTaken } from './path-taken.ts'

export type PathRepository = ReturnType<typeof createPathRepository>

/** Which paths are taken, and by whom. */
export const createPathRepository = (db: Executor) => ({
  /** The living asset at a path; none, perhaps, where the path was refused a moment ago. */
  async holder({ driveId }: DriveScope<'edit'> | AssetScope<'edit'>, { directory, name }: AssetPath) {
    const rows = await db
      .select({ id: livingAssets.id, sizeBytes: livingAssets.sizeBytes, contentHash: livingAssets.contentHash })
      .from(livingAssets)
      .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.directory, directory), eq(livingAssets.name, name)))
    return rows[0]
  },

  /** Names of the folder that are this one, or may be a numbered one of it. */
  async taken(driveId: string, { directory, name }: AssetPath): Promise<ReadonlySet<string>> {
    const [from, before] = numberedRange(name)
    const rows = await db
      .select({ name: livingAssets.name })
      .from(livingAssets)
      .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.directory, directory), or(eq(livingAssets.name, name), and(gte(livingAssets.name, from), lt(livingAssets.name, before)))))
    return new Set(rows.map((row) => row.name))
  },
})

/** For every statement that gives assets a path: throws `PathTaken` where another has it. */
export async function orPathTaken<T>(statement: PromiseLike<T>): Promise<T> {
  try {
    return await statement
  } catch (error) {
    throw violatedConstraint(error) === 'assets_path_taken' ? new PathTaken() : error
  }
}

/** When an asset is put into the trash: after the last time that it was emptied, whatever the clocks of two instances say; else it would go with that. */
export const afterEmptying = (driveId: string, deleted: Date): SQL<Date> =>
  sql`greatest(${deleted.toISOString()}::timestamptz, (SELECT d.trash_emptied_at + interval '1 millisecond' FROM drives d WHERE d.id = ${driveId}))`
