import { sql } from 'drizzle-orm'
import { boolean, check, doublePrecision, foreignKey, index, integer, numeric, pgTable, primaryKey, real, text, uuid } from 'drizzle-orm/pg-core'
import { assets, objects } from './assets.ts'
import { moment } from './columns.ts'
import { drives } from './people.ts'

/** Somebody whose face is seen on a drive; without a name until somebody gives one. */
export const individuals = pgTable(
  'individuals',
  {
    driveId: uuid().notNull().references(() => drives.id, { onDelete: 'cascade' }),
    id: uuid().notNull(),
    name: text(),
    /** The mean of its faces' embeddings, each of length 1; null where none has one. */
    centroid: real().array(),
    /** Faces in that mean. */
    centroidCount: integer().notNull().default(0),
    createdAt: moment().notNull(),
    updatedAt: moment().notNull(),
  },
  (t) => [primaryKey({ columns: [t.driveId, t.id] }), index('individuals_by_name').on(t.driveId, t.name)],
)

export const faces = pgTable(
  'faces',
  {
    driveId: uuid().notNull(),
    id: uuid().notNull(),
    assetId: uuid().notNull(),
    individualId: uuid(),
    /** The frame it was seen in; its preview is the one of that frame. Null with a time between previews. */
    frame: integer(),
    timestampSeconds: numeric(),
    /** The box, in shares of width and height from the top left. */
    x: doublePrecision().notNull(),
    y: doublePrecision().notNull(),
    width: doublePrecision().notNull(),
    height: doublePrecision().notNull(),
    confidence: real(),
    source: text().notNull(),
    /** Somebody said who it is: no finder says otherwise of a face in this place. */
    isAssignedByHand: boolean().notNull().default(false),
    /** Of length 1. */
    embedding: real().array(),
    /** The picture of it. */
    objectId: uuid(),
    createdBy: uuid(),
    createdAt: moment().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.driveId, t.id] }),
    foreignKey({ name: 'faces_asset', columns: [t.driveId, t.assetId], foreignColumns: [assets.driveId, assets.id] }).onDelete('cascade'),
    index('faces_of_asset').on(t.driveId, t.assetId, t.id),
    foreignKey({ name: 'faces_individual', columns: [t.driveId, t.individualId], foreignColumns: [individuals.driveId, individuals.id] }),
    index('faces_of_individual').on(t.driveId, t.individualId),
    foreignKey({ name: 'faces_object', columns: [t.driveId, t.objectId], foreignColumns: [objects.driveId, objects.id] }),
    index('faces_of_object').on(t.driveId, t.objectId),
    check('faces_source', sql`${t.source} IN ('automatic', 'manual')`),
    check('faces_box', sql`${t.x} >= 0 AND ${t.y} >= 0 AND ${t.width} > 0 AND ${t.height} > 0 AND ${t.x} + ${t.width} <= 1.000001 AND ${t.y} + ${t.height} <= 1.000001`),
  ],
)
