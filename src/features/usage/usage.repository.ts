import { type SQL, sql } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import { type Executor, rowsOf } from '../../db/client.ts'

export type UsageRepository = ReturnType<typeof createUsageRepository>

/** `label` tells apart what one measure counts: a type, an extension, a day; empty where there is nothing to tell apart. */
export interface Measured {
  readonly measure: string
  readonly label: string
  readonly count: number
  readonly bytes: number
}

/** Changes as totals tell them: an asset under its type, its extension and its day of making; everything else, whatever it is, under its own name. */
const told = (deltas: SQL, firstDay: string) => sql`
  SELECT d.drive_id, as_told.measure, as_told.label, d.count, d.bytes
  FROM ${deltas} d CROSS JOIN LATERAL (
    SELECT 'asset_type' AS measure, d.type AS label WHERE d.measure = 'asset'
    UNION ALL SELECT 'asset_extension', d.extension WHERE d.measure = 'asset'
    UNION ALL SELECT 'asset_day', to_char(d.day, 'YYYY-MM-DD') WHERE d.measure = 'asset' AND d.day >= ${firstDay}::date
    UNION ALL SELECT d.measure, '' WHERE d.measure <> 'asset') AS as_told`

/** What drives hold: totals, and the changes since they were last added up. Triggers append the changes (migration 0002). */
export function createUsageRepository(db: Executor) {
  return {
    /** Days from `firstDay` (YYYY-MM-DD) on. One statement, and so one snapshot: what is being folded is in the deltas or in the totals, never in both. */
    of: ({ driveId }: DriveScope<'manage'>, firstDay: string) =>
      rowsOf<Measured>(db, sql`
        SELECT measure, label, sum(count)::float8 AS count, sum(bytes)::float8 AS bytes
        FROM (SELECT drive_id, measure, label, count, bytes FROM usage_totals WHERE drive_id = ${driveId}
              UNION ALL ${told(sql`(SELECT * FROM usage_deltas WHERE drive_id = ${driveId})`, firstDay)}) AS parts
        WHERE measure <> 'asset_day' OR label >= ${firstDay}
        GROUP BY measure, label HAVING sum(count) <> 0 OR sum(bytes) <> 0`),

    /** Adds up to `limit` changes to the totals, those that no other run is at; answers how many it took. Changes of drives that are gone are dropped. */
    async fold(limit: number, firstDay: string): Promise<number> {
      const [taken] = await rowsOf<{ readonly n: number }>(db, sql`
        WITH picked AS MATERIALIZED (SELECT drive_id, id FROM usage_deltas LIMIT ${limit} FOR UPDATE SKIP LOCKED),
        taken AS (DELETE FROM usage_deltas d USING picked p WHERE d.drive_id = p.drive_id AND d.id = p.id RETURNING d.*),
        added AS (
          INSERT INTO usage_totals AS t (drive_id, measure, label, count, bytes)
          SELECT drive_id, measure, label, sum(count), sum(bytes) FROM (${told(sql`taken`, firstDay)}) AS parts
          WHERE EXISTS (SELECT FROM drives WHERE drives.id = parts.drive_id)
          GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 -- in one order, so that two runs wait for each other and never both
          ON CONFLICT (drive_id, measure, label) DO UPDATE SET count = t.count + excluded.count, bytes = t.bytes + excluded.bytes)
        SELECT count(*)::int AS n FROM taken`)
      return taken?.n ?? 0
    },

    /** Removes what says nothing any more: zeros, days before `firstDay`, drives that are gone. */
    async tidy(firstDay: string) {
      await db.execute(sql`
        DELETE FROM usage_totals t
        WHERE (count = 0 AND bytes = 0) OR (measure = 'asset_day' AND label < ${firstDay}) OR NOT EXISTS (SELECT FROM drives WHERE drives.id = t.drive_id)`)
    },
  }
}
