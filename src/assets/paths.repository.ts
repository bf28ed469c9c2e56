import { and, eq, gte, lt, or } from 'drizzle-orm'
import type { Executor } from '../db/client.ts'
import { livingAssets } from '../db/schema/index.ts'
import { type AssetPath, numberedRange } from '../model/asset-path.ts'

export type PathRepository = ReturnType<typeof createPathRepository>

/** Which names are free, for what finds its own taken. */
export const createPathRepository = (db: Executor) => ({
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
