import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { byteText, moment } from './columns.ts'
import { drives } from './people.ts'

/**
 * Folders that somebody made: they are there without anything in them. A folder that assets lie in needs no row here,
 * so that no upload waits for one and none can be forgotten.
 */
export const folders = pgTable(
  'folders',
  {
    driveId: uuid().notNull().references(() => drives.id, { onDelete: 'cascade' }),
    /** NFC, from the drive's root, with a slash at both ends, as an asset's `directory`. */
    path: byteText().notNull(),
    createdBy: uuid(),
    createdAt: moment().notNull(),
  },
  (t) => [primaryKey({ columns: [t.driveId, t.path] }), check('folders_path', sql`${t.path} ~ '^/([^/]+/)+$'`)],
)

/** Moving a folder and putting one into the trash: work on each asset below it, in steps, by a job. */
export const folderOperations = pgTable(
  'folder_operations',
  {
    driveId: uuid().notNull().references(() => drives.id, { onDelete: 'cascade' }),
    id: uuid().notNull(),
    kind: text().notNull(),
    path: byteText().notNull(),
    newPath: byteText(),
    state: text().notNull(),
    /** Assets that were below the folder when it began, and how many of them are done. */
    total: integer().notNull(),
    done: integer().notNull(),
    error: text(),
    actorId: uuid(),
    createdAt: moment().notNull(),
    updatedAt: moment().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.driveId, t.id] }),
    index('folder_operations_ended').on(t.updatedAt),
    check('folder_operations_kind', sql`${t.kind} IN ('move', 'delete') AND (${t.kind} = 'move') = (${t.newPath} IS NOT NULL)`),
    check('folder_operations_state', sql`${t.state} IN ('NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'FAILED')`),
  ],
)
