import { and, asc, eq, gt } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { driveMembers, drives } from '../../db/schema/index.ts'

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
    async insert(drive: DriveRow) {
      await db.insert(drives).values(drive)
    },
    async rename({ driveId }: DriveScope<'manage'>, name: string, at: Date): Promise<DriveRow | undefined> {
      return (await db.update(drives).set({ name, updatedAt: at }).where(eq(drives.id, driveId)).returning())[0]
    },
    /** With every row below it. */
    async delete(driveId: string) {
      await db.delete(drives).where(eq(drives.id, driveId))
    },
  }
}
