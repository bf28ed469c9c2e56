import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import { type Executor, rowCountOf } from '../../db/client.ts'
import { driveMembers, drives, usageDeltas, usageTotals } from '../../db/schema/index.ts'

export type DriveRepository = ReturnType<typeof createDriveRepository>
export type DriveRow = typeof drives.$inferSelect

export function createDriveRepository(db: Executor) {
  return {
    async find({ driveId }: DriveScope<'read'>): Promise<DriveRow | undefined> {
      return (await db.select().from(drives).where(eq(drives.id, driveId)))[0]
    },
    /** For whoever runs the installation. */
    all: () => db.select({ id: drives.id, name: drives.name, createdAt: drives.createdAt }).from(drives).orderBy(asc(drives.id)),
    named: (by: { readonly id: string } | { readonly name: string }) =>
      db
        .select({ id: drives.id, name: drives.name })
        .from(drives)
        .where('id' in by ? eq(drives.id, by.id) : eq(drives.name, by.name)),
    ofUser: (userId: string, onlyDriveId: string | null, { after, limit }: { readonly after: string | undefined; readonly limit: number }) =>
      db
        .select({ id: drives.id, name: drives.name, createdAt: drives.createdAt })
        .from(driveMembers)
        .innerJoin(drives, eq(drives.id, driveMembers.driveId))
        .where(
          and(
            eq(driveMembers.userId, userId),
            gt(driveMembers.role, 0),
            onlyDriveId === null ? undefined : eq(drives.id, onlyDriveId),
            after === undefined ? undefined : gt(drives.id, after),
          ),
        )
        .orderBy(asc(drives.id))
        .limit(limit),
    async insert(drive: typeof drives.$inferInsert) {
      await db.insert(drives).values(drive)
    },
    async rename({ driveId }: DriveScope<'manage'>, name: string, at: Date): Promise<DriveRow | undefined> {
      return (await db.update(drives).set({ name, updatedAt: at }).where(eq(drives.id, driveId)).returning())[0]
    },
    /** Some of the rows below it, those that others refer to last; answers how many. All at once would be one statement of hours. */
    async deleteSome(driveId: string): Promise<number> {
      const some = (table: 'assets' | 'objects' | 'activity') =>
        rowCountOf(db, sql`DELETE FROM ${sql.identifier(table)} WHERE drive_id = ${driveId} AND id IN (SELECT id FROM ${sql.identifier(table)} WHERE drive_id = ${driveId} LIMIT 1000)`)
      return (await some('assets')) || (await some('objects')) || (await some('activity'))
    },
    /** With what is left below it; last what its usage was, since removing the rest is counted too. */
    async delete(driveId: string) {
      await db.delete(drives).where(eq(drives.id, driveId))
      await db.delete(usageDeltas).where(eq(usageDeltas.driveId, driveId))
      await db.delete(usageTotals).where(eq(usageTotals.driveId, driveId))
    },
  }
}
