import { bigint, date, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'

/**
 * What a drive holds, as changes. Triggers on the tables that are counted append them, in the transaction of the change: no writer waits for another's,
 * and none can be forgotten. A job folds them into `usage_totals`; readers add both. No foreign key to the drive: its purge is counted too.
 */
export const usageDeltas = pgTable(
  'usage_deltas',
  {
    driveId: uuid().notNull(),
    id: bigint({ mode: 'bigint' }).notNull().generatedAlwaysAsIdentity(),
    /** `asset`, `trash`, `proxy`, `preview`, `attachment`. */
    measure: text().notNull(),
    /** Of assets: their type, extension and day (UTC) of making. */
    type: text(),
    extension: text(),
    day: date(),
    count: bigint({ mode: 'number' }).notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.driveId, t.id] })],
)

/** `label` tells apart what one measure counts: `asset_type` VIDEO, `asset_extension` mov, `asset_day` 2026-11-24; empty for the others. */
export const usageTotals = pgTable(
  'usage_totals',
  {
    driveId: uuid().notNull(),
    measure: text().notNull(),
    label: text().notNull(),
    count: bigint({ mode: 'number' }).notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.driveId, t.measure, t.label] })],
)
