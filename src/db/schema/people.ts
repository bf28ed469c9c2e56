import { sql } from 'drizzle-orm'
import { boolean, check, index, pgTable, primaryKey, smallint, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytes, moment } from './columns.ts'

/** Deleted users stay, as authors by name; their address may then be used again. */
export const users = pgTable(
  'users',
  {
    id: uuid().primaryKey(),
    email: text().notNull(),
    name: text().notNull(),
    avatarUrl: text(),
    isOperator: boolean().notNull().default(false),
    createdAt: moment().notNull(),
    updatedAt: moment().notNull(),
    deletedAt: moment(),
  },
  (t) => [uniqueIndex('users_email_taken').on(sql`lower(${t.email})`).where(sql`${t.deletedAt} IS NULL`)],
)

export const drives = pgTable('drives', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  /** What was in the trash then is being purged, and nobody sees it any more. */
  trashEmptiedAt: moment(),
  createdAt: moment().notNull(),
  updatedAt: moment().notNull(),
})

/** Only the hash of a key is kept. `only_drive_id` narrows a key; it is not where the key lives, hence the name. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid().primaryKey(),
    userId: uuid().notNull().references(() => users.id, { onDelete: 'cascade' }),
    onlyDriveId: uuid().references(() => drives.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    hash: bytes().notNull(),
    createdAt: moment().notNull(),
    expiresAt: moment(),
    lastUsedAt: moment(),
    revokedAt: moment(),
  },
  (t) => [uniqueIndex('api_keys_hash').on(t.hash), index('api_keys_of_user').on(t.userId, t.id), index('api_keys_of_drive').on(t.onlyDriveId)],
)

export const driveMembers = pgTable(
  'drive_members',
  {
    driveId: uuid().notNull().references(() => drives.id, { onDelete: 'cascade' }),
    userId: uuid().notNull().references(() => users.id),
    role: smallint().notNull(),
    createdAt: moment().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.driveId, t.userId] }),
    index('drive_members_of_user').on(t.userId),
    check('drive_members_role', sql`${t.role} IN (0, 10, 15, 17, 20, 30, 40, 50)`),
  ],
)
