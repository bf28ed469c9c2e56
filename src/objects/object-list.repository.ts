import { and, asc, eq, gt, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../db/client.ts'
import { objects, uploads } from '../db/schema/index.ts'

export type ObjectListRepository = ReturnType<typeof createObjectListRepository>
export interface ListedRow {
  readonly driveId: string
  readonly id: string
  readonly kind: string
  readonly key: string
  readonly sizeBytes: number
  readonly isOwned: boolean
  readonly referenceCount: number
}

interface Place {
  readonly driveId: string
  readonly assetId: string
}

/** Every row of every drive, as whoever compares them with the object store reads them. */
export function createObjectListRepository(db: Executor) {
  const columns = {
    driveId: objects.driveId,
    id: objects.id,
    kind: objects.kind,
    key: objects.key,
    sizeBytes: objects.sizeBytes,
    isOwned: objects.isOwned,
    referenceCount: objects.referenceCount,
  }
  const anyOf = <T>(items: readonly T[], is: (item: T) => SQL | undefined) => or(...items.map(is))

  return {
    /** In the order of their keys' bytes, as stores list them; the same key may be linked from several drives. */
    page: (after: { readonly key: string; readonly driveId: string; readonly id: string } | undefined, limit: number): Promise<ListedRow[]> =>
      db
        .select(columns)
        .from(objects)
        .where(after && sql`(${objects.key}, ${objects.driveId}, ${objects.id}) > (${after.key}, ${after.driveId}::uuid, ${after.id}::uuid)`)
        .orderBy(asc(objects.key), asc(objects.driveId), asc(objects.id))
        .limit(limit),

    /** Those of the keys that have a row by now. */
    async known(keys: readonly string[]): Promise<ReadonlySet<string>> {
      const rows = await db.select({ key: objects.key }).from(objects).where(inArray(objects.key, [...keys]))
      return new Set(rows.map((row) => row.key))
    },

    /** Those of the rows that are referred to still, as they are now. */
    referred: (rows: readonly { readonly driveId: string; readonly id: string }[]): Promise<ListedRow[]> =>
      db
        .select(columns)
        .from(objects)
        .where(and(anyOf(rows, ({ driveId, id }) => and(eq(objects.driveId, driveId), eq(objects.id, id))), gt(objects.referenceCount, 0))),

    /** Those of the assets-to-be that an upload is still on its way to. */
    awaited: (places: readonly Place[]): Promise<Place[]> =>
      db
        .select({ driveId: uploads.driveId, assetId: uploads.assetId })
        .from(uploads)
        .where(and(anyOf(places, ({ driveId, assetId }) => and(eq(uploads.driveId, driveId), eq(uploads.assetId, assetId))), inArray(uploads.state, ['open', 'received']))),
  }
}
