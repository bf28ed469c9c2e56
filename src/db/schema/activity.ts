import { index, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { moment } from './columns.ts'
import { drives } from './people.ts'

/**
 * Who did what, when, from what to what: append-only, written in the transaction of what it tells. History, audit, events and webhooks read it.
 * Ids are made before the commit, so they do not appear in order: readers overlap by 60 seconds.
 */
export const activity = pgTable(
  'activity',
  {
    driveId: uuid().notNull().references(() => drives.id, { onDelete: 'cascade' }),
    id: uuid().notNull(),
    /** Null: the server itself. No foreign key: what was done stays, whoever goes. */
    actorId: uuid(),
    action: text().notNull(),
    assetId: uuid(),
    before: jsonb().$type<unknown>(),
    after: jsonb().$type<unknown>(),
    createdAt: moment().notNull(),
  },
  (t) => [primaryKey({ columns: [t.driveId, t.id] }), index('activity_of_asset').on(t.driveId, t.assetId, t.id)],
)
