import { and, eq, inArray, lt, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { type Executor, rowCountOf, violatedConstraint } from '../db/client.ts'
import { objects } from '../db/schema/index.ts'
import { notFound } from '../errors.ts'
import type { RenditionKind } from './object-keys.ts'

export type ObjectRepository = ReturnType<typeof createObjectRepository>

export type ObjectKind = 'source' | 'preview' | 'face' | 'attachment' | RenditionKind

export interface NewObject {
  readonly id: string
  readonly kind: ObjectKind
  readonly key: string
  readonly contentType: string
  /** False: somebody else's bytes, which we never delete. */
  readonly isOwned?: boolean
}

/**
 * What lies in the object store. First a row is reserved, then the bytes go out, then the row is stored in the transaction that makes something
 * refer to it: whatever is cut off in between stands here with nobody counting on it, and is swept after a day.
 */
export function createObjectRepository(db: Executor) {
  const unused = (driveId: string, id: string) => and(eq(objects.driveId, driveId), eq(objects.id, id), eq(objects.referenceCount, 0))

  return {
    newId: () => uuidv7(),

    /** Reserving again under the same id changes nothing: whoever was cut off goes on where they were. */
    async reserve(driveId: string, items: readonly NewObject[], at: Date) {
      if (items.length === 0) return
      try {
        await db.insert(objects).values(items.map((each) => ({ ...each, driveId, state: 'reserved', sizeBytes: 0, referenceCount: 0, createdAt: at, unreferencedAt: at }))).onConflictDoNothing()
      } catch (error) {
        if (violatedConstraint(error) === 'objects_drive_id_drives_id_fk') throw notFound('Drive')
        throw error
      }
    },

    /**
     * Reserves what lies in the store already; false where its key has a row: somebody has taken it over, or links to it. The id follows from the key.
     * What is not to be ours may be linked from other drives too, and again when nothing refers to it any more.
     */
    async takeOver(driveId: string, object: NewObject, at: Date): Promise<boolean> {
      const row = { ...object, driveId, state: 'reserved', sizeBytes: 0, referenceCount: 0, createdAt: at, unreferencedAt: at }
      if (object.isOwned === false) return link(db, row)
      const others = await db.select({ id: objects.id }).from(objects).where(eq(objects.key, object.key)).limit(1)
      return others.length === 0 && (await db.insert(objects).values(row).onConflictDoNothing().returning({ id: objects.id })).length > 0
    },

    /** The bytes are there and something refers to them; false where the reservation was swept meanwhile. */
    async store(driveId: string, sizes: readonly { readonly id: string; readonly size: number }[]): Promise<boolean> {
      if (sizes.length === 0) return true
      const ids = sql.join(sizes.map(({ id }) => sql`${id}`), sql`, `)
      const bytes = sql.join(sizes.map(({ size }) => sql`${size}`), sql`, `)
      const stored = await rowCountOf(db, sql`
        UPDATE objects o SET state = 'stored', size_bytes = given.size, reference_count = o.reference_count + 1, unreferenced_at = NULL
        FROM unnest(ARRAY[${ids}]::uuid[], ARRAY[${bytes}]::bigint[]) AS given (id, size)
        WHERE o.drive_id = ${driveId} AND o.id = given.id AND o.state <> 'deleting'`)
      return stored === sizes.length
    },

    /** One reference fewer on each; what nobody refers to any more waits for the sweep. */
    async unreference(driveId: string, ids: readonly string[]) {
      if (ids.length === 0) return
      await db
        .update(objects)
        .set({ referenceCount: sql`${objects.referenceCount} - 1`, unreferencedAt: sql`CASE WHEN ${objects.referenceCount} = 1 THEN now() ELSE ${objects.unreferencedAt} END` })
        .where(and(eq(objects.driveId, driveId), inArray(objects.id, [...ids])))
    },

    /** Objects that nobody has referred to since before then. */
    unreferenced: (before: Date, limit: number) =>
      db
        .select({ driveId: objects.driveId, id: objects.id, key: objects.key, isOwned: objects.isOwned })
        .from(objects)
        .where(and(eq(objects.referenceCount, 0), lt(objects.unreferencedAt, before)))
        .orderBy(objects.unreferencedAt)
        .limit(limit),

    /** Back to the end of the queue, for another day: it could not be removed now, and what comes after it shall not wait for that. */
    async postpone(driveId: string, id: string, at: Date) {
      await db.update(objects).set({ unreferencedAt: at }).where(unused(driveId, id))
    },

    /** From then on nobody can refer to it any more, and its bytes may go; false where somebody does by now. */
    async claim(driveId: string, id: string): Promise<boolean> {
      return (await db.update(objects).set({ state: 'deleting' }).where(unused(driveId, id)).returning({ id: objects.id })).length > 0
    },

    /** Only while still unreferenced; answers whether the row was there to go. */
    async forget(driveId: string, id: string): Promise<boolean> {
      return (await db.delete(objects).where(unused(driveId, id)).returning({ id: objects.id })).length > 0
    },
  }
}

/** False where something refers to it already. */
async function link(db: Executor, row: typeof objects.$inferInsert): Promise<boolean> {
  const isFree = sql`${objects.referenceCount} = 0 AND ${objects.state} <> 'deleting'`
  const linked = db.insert(objects).values(row).onConflictDoUpdate({ target: [objects.driveId, objects.id], set: { unreferencedAt: row.unreferencedAt ?? null }, setWhere: isFree })
  return (await linked.returning({ id: objects.id })).length > 0
}
