import { sql } from 'drizzle-orm'
import { bigint, boolean, check, foreignKey, index, integer, jsonb, numeric, pgTable, pgView, primaryKey, real, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { byteText, bytes, moment } from './columns.ts'
import { drives } from './people.ts'

export type MetadataScalar = string | number | boolean | null

/** A colour in sRGB, 0..255 each. */
export type Rgb = readonly [r: number, g: number, b: number]

/** Of a storyboard: how its sheet is cut, row by row from the top left, and which frame each tile shows, with its time in seconds. */
export interface StoryboardFacts {
  readonly columns: number
  readonly tile: readonly [width: number, height: number]
  readonly tiles: readonly (readonly [frame: number, seconds: number])[]
}

/**
 * Everything that lies in the object store for a drive, with who counts on it.
 * A row is written `reserved` before the bytes go out and `stored` with whatever refers to it, so that what a killed process left behind
 * is found from this table alone. `is_owned` false: the bytes are somebody else's (linked), and never deleted by us.
 */
export const objects = pgTable(
  'objects',
  {
    driveId: uuid().notNull().references(() => drives.id, { onDelete: 'cascade' }),
    id: uuid().notNull(),
    kind: text().notNull(),
    key: byteText().notNull(),
    state: text().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    contentType: text().notNull(),
    isOwned: boolean().notNull().default(true),
    referenceCount: integer().notNull(),
    createdAt: moment().notNull(),
    /** Since when nobody counts on it: from the reservation on, and again from the day that the last reference goes. */
    unreferencedAt: moment(),
  },
  (t) => [
    primaryKey({ columns: [t.driveId, t.id] }),
    index('objects_by_key').on(t.key),
    index('objects_unreferenced').on(t.unreferencedAt).where(sql`${t.referenceCount} = 0`),
    check('objects_kind', sql`${t.kind} IN ('source', 'preview', 'poster', 'proxy', 'audio_proxy', 'thumbnail', 'face', 'attachment', 'storyboard', 'waveform', 'waveform_image')`),
    check('objects_state', sql`${t.state} IN ('reserved', 'stored', 'deleting')`),
    check('objects_counted', sql`${t.referenceCount} >= 0 AND ${t.sizeBytes} >= 0`),
  ],
)

const assetColumns = () => ({
  driveId: uuid().notNull(),
  id: uuid().notNull(),
  /** NFC, from the drive's root, with a slash at both ends: `/` or `/folder/sub/`. */
  directory: byteText().notNull(),
  name: byteText().notNull(),
  extension: text().notNull(),
  type: text().notNull(),
  sourceObjectId: uuid().notNull(),
  sizeBytes: bigint({ mode: 'number' }).notNull(),
  contentType: text().notNull(),
  /** SHA-256 of the source. */
  contentHash: bytes(),
  /** The file's own time of change where it was ingested from. */
  sourceModifiedAt: moment(),
  systemMetadata: jsonb().$type<Readonly<Record<string, MetadataScalar>>>().notNull().default({}),
  /** What timing needs, beside the words in `system_metadata`. */
  durationSeconds: numeric(),
  frameRateNum: integer(),
  frameRateDen: integer(),
  isVariableRate: boolean(),
  startTimecodeFrames: integer(),
  isDropFrame: boolean(),
  /** Counts what a reader can see change of the asset itself; behind ETag and If-Match. */
  version: integer().notNull().default(1),
  createdBy: uuid(),
  createdAt: moment().notNull(),
  updatedAt: moment().notNull(),
  /** In the trash since then; restored or purged from there. */
  deletedAt: moment(),
  /** When it leaves the trash for good: some weeks later, or now where somebody asked for that. */
  purgeAfter: moment(),
  /** Since when it lies in its directory: uploaded, moved or restored into it. */
  placedAt: moment().notNull(),
  /** Its main colours in sRGB, the most frequent first; empty until they were looked for, and where there is nothing to see. */
  palette: jsonb().$type<readonly Rgb[]>().notNull().default([]),
})

export const assets = pgTable(
  'assets',
  assetColumns(),
  (t) => [
    foreignKey({ name: 'assets_drive', columns: [t.driveId], foreignColumns: [drives.id] }).onDelete('cascade'),
    primaryKey({ columns: [t.driveId, t.id] }),
    index('assets_by_id').on(t.id), // finds the drive where a caller need not name it
    uniqueIndex('assets_path_taken').on(t.driveId, t.directory, t.name).where(sql`${t.deletedAt} IS NULL`),
    // Finds duplicates: an empty file is none.
    index('assets_by_hash').on(t.driveId, t.contentHash, t.id).where(sql`${t.deletedAt} IS NULL AND ${t.sizeBytes} > 0`),
    foreignKey({ name: 'assets_source_object', columns: [t.driveId, t.sourceObjectId], foreignColumns: [objects.driveId, objects.id] }),
    index('assets_of_object').on(t.driveId, t.sourceObjectId),
    index('assets_in_trash').on(t.driveId, t.deletedAt, t.id).where(sql`${t.deletedAt} IS NOT NULL`),
    index('assets_to_purge').on(t.purgeAfter).where(sql`${t.deletedAt} IS NOT NULL`),
    check('assets_trashed', sql`(${t.deletedAt} IS NULL) = (${t.purgeAfter} IS NULL)`),
    check('assets_directory', sql`${t.directory} ~ '^/([^/]+/)*$'`),
    check('assets_name', sql`${t.name} <> '' AND position('/' in ${t.name}) = 0`),
    check('assets_rate', sql`(${t.frameRateNum} IS NULL) = (${t.frameRateDen} IS NULL)`),
  ],
)

/**
 * What every read goes through: the assets that are not in the trash. A column that is added to the table is added here by a migration of its own
 * (`CREATE OR REPLACE VIEW`); a test holds the two against each other. (drizzle-kit writes a view of the query builder without its `casing`: hence SQL.)
 */
export const livingAssets = pgView('living_assets', assetColumns()).as(sql`SELECT * FROM assets WHERE deleted_at IS NULL`)

/** One row per job that an asset has had; none = NOT_STARTED. */
export const assetJobs = pgTable(
  'asset_jobs',
  {
    driveId: uuid().notNull(),
    assetId: uuid().notNull(),
    name: text().notNull(),
    state: text().notNull(),
    progress: real(),
    attempts: integer().notNull().default(0),
    error: text(),
    createdAt: moment().notNull(),
    updatedAt: moment().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.driveId, t.assetId, t.name] }),
    foreignKey({ name: 'asset_jobs_asset', columns: [t.driveId, t.assetId], foreignColumns: [assets.driveId, assets.id] }).onDelete('cascade'),
    check('asset_jobs_state', sql`${t.state} IN ('NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'FAILED')`),
    check('asset_jobs_progress', sql`${t.progress} BETWEEN 0 AND 1`),
  ],
)

export const previews = pgTable(
  'previews',
  {
    driveId: uuid().notNull(),
    id: uuid().notNull(),
    assetId: uuid().notNull(),
    objectId: uuid().notNull(),
    frame: integer().notNull(),
    /** Seconds from the film's first frame; null for stills. */
    timestampSeconds: numeric(),
    width: integer().notNull(),
    height: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.driveId, t.id] }),
    index('previews_by_id').on(t.id),
    uniqueIndex('previews_of_asset').on(t.driveId, t.assetId, t.frame),
    foreignKey({ name: 'previews_asset', columns: [t.driveId, t.assetId], foreignColumns: [assets.driveId, assets.id] }).onDelete('cascade'),
    foreignKey({ name: 'previews_object', columns: [t.driveId, t.objectId], foreignColumns: [objects.driveId, objects.id] }),
    index('previews_of_object').on(t.driveId, t.objectId),
  ],
)

/** What was made of the source to be played or shown: at most one of each kind. */
export const renditions = pgTable(
  'renditions',
  {
    driveId: uuid().notNull(),
    id: uuid().notNull(),
    assetId: uuid().notNull(),
    objectId: uuid().notNull(),
    kind: text().notNull(),
    width: integer(),
    height: integer(),
    createdAt: moment().notNull(),
    /** Of a storyboard alone. */
    facts: jsonb().$type<StoryboardFacts>(),
  },
  (t) => [
    primaryKey({ columns: [t.driveId, t.id] }),
    index('renditions_by_id').on(t.id),
    uniqueIndex('renditions_of_asset').on(t.driveId, t.assetId, t.kind),
    foreignKey({ name: 'renditions_asset', columns: [t.driveId, t.assetId], foreignColumns: [assets.driveId, assets.id] }).onDelete('cascade'),
    foreignKey({ name: 'renditions_object', columns: [t.driveId, t.objectId], foreignColumns: [objects.driveId, objects.id] }),
    index('renditions_of_object').on(t.driveId, t.objectId),
    check('renditions_kind', sql`${t.kind} IN ('poster', 'proxy', 'audio_proxy', 'thumbnail', 'storyboard', 'waveform', 'waveform_image')`),
  ],
)
