import { and, desc, eq, gt, isNotNull, lte, or, sql } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import { orPathTaken } from '../../assets/paths.repository.ts'
import { type Executor, rowsOf } from '../../db/client.ts'
import { activity, assets, drives, users } from '../../db/schema/index.ts'

export type TrashRepository = ReturnType<typeof createTrashRepository>
export type TrashRow = Awaited<ReturnType<TrashRepository['list']>>[number]

interface TrashPage {
  readonly at: Date
  readonly after: { readonly deletedAt: string; readonly id: string } | undefined
  readonly limit: number
}

/** Still to be had back. */
const inTrash = (driveId: string, at: Date) =>
  and(
    eq(assets.driveId, driveId),
    isNotNull(assets.deletedAt),
    gt(assets.purgeAfter, at),
    sql`${assets.deletedAt} > coalesce((SELECT d.trash_emptied_at FROM drives d WHERE d.id = ${driveId}), '-infinity')`,
  )

/** Assets that were deleted. What is due to be purged is still here, and nobody sees it any more. */
export function createTrashRepository(db: Executor) {
  const a = assets
  const one = (driveId: string, id: string) => and(eq(a.driveId, driveId), eq(a.id, id))

  return {
    list: listing(db),

    /** One that can be had back, kept so until the transaction ends. */
    async lock({ driveId }: DriveScope<'edit'>, id: string, at: Date) {
      const rows = await db
        .select({ id: a.id, directory: a.directory, name: a.name })
        .from(a)
        .where(and(one(driveId, id), inTrash(driveId, at)))
        .for('update')
      return rows[0]
    },

    /** Throws `PathTaken`. */
    async restore({ driveId }: DriveScope<'edit'>, id: string, { name, at }: { readonly name: string; readonly at: Date }) {
      await orPathTaken(db.update(a).set({ name, deletedAt: null, purgeAfter: null, version: sql`${a.version} + 1`, updatedAt: at, placedAt: at }).where(one(driveId, id)))
    },

    /** From then on nobody sees it: nobody's clock is before that time, not that of a restore which waited for this either. */
    async letGo({ driveId }: DriveScope<'manage'>, id: string) {
      await db.update(a).set({ purgeAfter: new Date(0) }).where(one(driveId, id))
    },

    /**
     * All that is in it now is gone for everybody, however much that is. False where the drive is gone. Measured by what lies in it, and not by the clock of
     * whoever empties it: one that is fast would take what is deleted afterwards, too.
     */
    async empty({ driveId }: DriveScope<'manage'>): Promise<boolean> {
      const rows = await db
        .update(drives)
        .set({ trashEmptiedAt: sql`greatest(${drives.trashEmptiedAt}, (SELECT max(deleted_at) FROM assets WHERE drive_id = ${driveId} AND deleted_at IS NOT NULL))` })
        .where(eq(drives.id, driveId))
        .returning({ id: drives.id })
      return rows.length > 0
    },
    ...forPurge(db),
  }
}

function listing(db: Executor) {
  const a = assets
  return ({ driveId }: DriveScope<'edit'>, { at, after, limit }: TrashPage) => {
    // Who deleted it last is told by the activity, which has an index by asset.
    const told = db
      .select({ actorId: activity.actorId })
      .from(activity)
      .where(and(eq(activity.driveId, a.driveId), eq(activity.assetId, a.id), eq(activity.action, 'asset.deleted')))
      .orderBy(desc(activity.id))
      .limit(1)
      .as('told')
    return db
      .select({
        id: a.id,
        directory: a.directory,
        name: a.name,
        type: a.type,
        sizeBytes: a.sizeBytes,
        deletedAt: a.deletedAt,
        purgeAfter: a.purgeAfter,
        deletedBy: { id: users.id, name: users.name, email: users.email, avatarUrl: users.avatarUrl, deletedAt: users.deletedAt },
      })
      .from(a)
      .leftJoinLateral(told, sql`true`)
      .leftJoin(users, eq(users.id, told.actorId))
      .where(and(inTrash(driveId, at), after === undefined ? undefined : sql`(${a.deletedAt}, ${a.id}) < (${after.deletedAt}::timestamptz, ${after.id}::uuid)`))
      .orderBy(desc(a.deletedAt), desc(a.id))
      .limit(limit)
  }
}

/** What the server itself does with what is due. */
function forPurge(db: Executor) {
  const a = assets
  const isDue = (at: Date) => and(isNotNull(a.deletedAt), or(lte(a.purgeAfter, at), sql`${a.deletedAt} <= (SELECT d.trash_emptied_at FROM drives d WHERE d.id = ${a.driveId})`))
  const one = (driveId: string, id: string) => and(eq(a.driveId, driveId), eq(a.id, id))

  return {
    /** Of this drive, or of all: those whose time has come, and those that the trash was emptied of. Each way by its own index. */
    async due(driveId: string | undefined, at: Date, limit: number): Promise<readonly { readonly driveId: string; readonly id: string }[]> {
      const columns = { driveId: a.driveId, id: a.id }
      const ofDrive = driveId === undefined ? undefined : eq(a.driveId, driveId)
      const timely = await db.select(columns).from(a).where(and(ofDrive, isNotNull(a.deletedAt), lte(a.purgeAfter, at))).orderBy(a.purgeAfter).limit(limit)
      if (timely.length === limit) return timely
      const emptied = await db
        .select(columns)
        .from(drives)
        .innerJoin(a, and(eq(a.driveId, drives.id), isNotNull(a.deletedAt), lte(a.deletedAt, drives.trashEmptiedAt)))
        .where(driveId === undefined ? isNotNull(drives.trashEmptiedAt) : eq(drives.id, driveId))
        .limit(limit)
      return [...timely, ...emptied]
    },

    async lockDue(driveId: string, id: string, at: Date) {
      return (await db.select({ directory: a.directory, name: a.name }).from(a).where(and(one(driveId, id), isDue(at))).for('update'))[0]
    },

    /** Everything in the store that this asset refers to. */
    objectsOf: (driveId: string, id: string) =>
      rowsOf<{ readonly id: string; readonly key: string; readonly isOwned: boolean }>(db, sql`
        SELECT o.id, o.key, o.is_owned AS "isOwned" FROM objects o WHERE o.drive_id = ${driveId} AND o.id IN (
          SELECT source_object_id FROM assets WHERE drive_id = ${driveId} AND id = ${id}
          UNION SELECT object_id FROM previews WHERE drive_id = ${driveId} AND asset_id = ${id}
          UNION SELECT object_id FROM renditions WHERE drive_id = ${driveId} AND asset_id = ${id}
          UNION SELECT object_id FROM faces WHERE drive_id = ${driveId} AND asset_id = ${id})`),

    /** With all that hangs on it. */
    async delete(driveId: string, id: string) {
      await db.delete(a).where(one(driveId, id))
    },
  }
}
