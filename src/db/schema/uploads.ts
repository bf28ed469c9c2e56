import { sql } from 'drizzle-orm'
import { bigint, check, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { byteText, moment } from './columns.ts'
import { drives } from './people.ts'

/**
 * Uploads by tus. `open`: bytes are still to come. `received`: all are there, and it becomes an asset. `finished`: it has, and the row stays a day,
 * so that a client whose connection broke in the last moment learns of it.
 */
export const uploads = pgTable(
  'uploads',
  {
    driveId: uuid().notNull().references(() => drives.id, { onDelete: 'cascade' }),
    id: uuid().notNull(),
    directory: byteText().notNull(),
    name: byteText().notNull(),
    onConflict: text().notNull(),
    contentType: text().notNull(),
    /** As the client said it, for it to be told again; never longer than the head of a request. */
    metadata: text().notNull().default(''),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    /** Bytes that are safe in the store: what the client is told to go on from. */
    offsetBytes: bigint({ mode: 'number' }).notNull(),
    state: text().notNull(),
    /** The asset that it becomes; its source object goes to that asset's key. */
    assetId: uuid().notNull(),
    /** The store's own name for it, while bytes come. */
    storeUploadId: text().notNull(),
    /** Null: the server itself. */
    createdBy: uuid(),
    createdAt: moment().notNull(),
    /** A day after the last byte. */
    expiresAt: moment().notNull(),
    /** The request that writes now, on whatever instance; free again when the time has passed. */
    lockedBy: uuid(),
    lockedUntil: moment(),
    /** Another request waits for the lock, whose holder then lets go: the client has come back over a new connection. */
    wantedBy: uuid(),
  },
  (t) => [
    primaryKey({ columns: [t.driveId, t.id] }),
    index('uploads_expired').on(t.expiresAt),
    check('uploads_conflict', sql`${t.onConflict} IN ('refuse', 'rename', 'version')`),
    check('uploads_state', sql`${t.state} IN ('open', 'received', 'finished')`),
    check('uploads_offset', sql`${t.offsetBytes} BETWEEN 0 AND ${t.sizeBytes}`),
    check('uploads_locked', sql`(${t.lockedBy} IS NULL) = (${t.lockedUntil} IS NULL)`),
  ],
)
