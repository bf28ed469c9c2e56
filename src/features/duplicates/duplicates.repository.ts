import { and, asc, eq, gt, ne, sql } from 'drizzle-orm'
import type { AssetScope, DriveScope } from '../../access/scope.ts'
import { assetColumns } from '../../assets/assets.repository.ts'
import { type Executor, rowsOf } from '../../db/client.ts'
import { lazily } from '../../db/lazily.ts'
import { livingAssets } from '../../db/schema/index.ts'

export type DuplicateRepository = ReturnType<typeof createDuplicateRepository>

export interface GroupRow {
  readonly hash: string
  readonly count: number
  readonly members: readonly (readonly [id: string, directory: string, name: string, created: string, sizeBytes: number])[]
}
interface GroupPage {
  /** The hash of the last group before, in hexadecimal. */
  readonly after: string | undefined
  readonly limit: number
  readonly shown: number
}

/** Assets of one drive whose sources have the same bytes. What is empty is like nothing. */
export function createDuplicateRepository(db: Executor) {
  const a = livingAssets
  const hashOfSubject = sql`(SELECT self.content_hash FROM living_assets self WHERE self.drive_id = ${sql.placeholder('driveId')} AND self.id = ${sql.placeholder('assetId')})`
  const others = lazily(() =>
    db
      .select(assetColumns)
      .from(a)
      .where(
        and(
          eq(a.driveId, sql.placeholder('driveId')),
          sql`${a.contentHash} = ${hashOfSubject}`,
          sql`${a.sizeBytes} > 0`, // as the index says it: no parameter
          ne(a.id, sql.placeholder('assetId')),
          gt(a.id, sql.placeholder('after')),
        ),
      )
      .orderBy(asc(a.id))
      .limit(sql.placeholder('limit'))
      .prepare('duplicates_of_asset'),
  )

  return {
    /** The others with the content of this one, the oldest first; none, too, where there is no such asset. */
    of: ({ driveId, assetId }: AssetScope<'read'>, { after = firstId, limit }: { readonly after: string | undefined; readonly limit: number }) =>
      others().execute({ driveId, assetId, after, limit }),

    /**
     * In the order of their hashes, which is that of the index: a page reads on until it has its groups. What is counted asks for no column but the hash;
     * the assets themselves are read of the groups that are shown.
     */
    groups: ({ driveId }: DriveScope<'read'>, { after = '', limit, shown }: GroupPage) =>
      rowsOf<GroupRow>(db, sql`
        SELECT encode(g.content_hash, 'hex') AS hash, g.count,
               (SELECT json_agg(json_build_array(m.id, m.directory, m.name, m.created_at, m.size_bytes) ORDER BY m.id)
                FROM (SELECT e.id, e.directory, e.name, e.created_at, e.size_bytes FROM living_assets e
                      WHERE e.drive_id = ${driveId} AND e.content_hash = g.content_hash AND e.size_bytes > 0 ORDER BY e.id LIMIT ${shown}) m) AS members
        FROM (SELECT content_hash, count(*)::int AS count FROM living_assets
              WHERE drive_id = ${driveId} AND content_hash > decode(${after}, 'hex') AND size_bytes > 0
              GROUP BY content_hash HAVING count(*) > 1 ORDER BY content_hash LIMIT ${limit}) g
        ORDER BY g.content_hash`),
  }
}

const firstId = '00000000-0000-0000-0000-000000000000'
