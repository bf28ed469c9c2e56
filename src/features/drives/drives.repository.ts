import { and, asc, count, eq, gt, isNull, sql } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { driveMembers, drives, users } from '../../db/schema/index.ts'

export type DriveRepository = ReturnType<typeof createDriveRepository>
export type DriveRow = typeof drives.$inferSelect
export type MemberRow = NonNullable<Awaited<ReturnType<DriveRepository['member']>>>

export function createDriveRepository(db: Executor) {
  const person = { id: users.id, name: users.name, email: users.email, avatarUrl: users.avatarUrl, role: driveMembers.role }
  const ofDrive = ({ driveId }: DriveScope<'read'>) => eq(driveMembers.driveId, driveId)

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

    /** Held until the transaction ends, so that two changes cannot each leave the other's ADMIN as the last. */
    async lock({ driveId }: DriveScope<'manage'>) {
      await db.select({ id: drives.id }).from(drives).where(eq(drives.id, driveId)).for('update')
    },
    members: (scope: DriveScope<'read'>, after: string | undefined, limit: number) =>
      db
        .select(person)
        .from(driveMembers)
        .innerJoin(users, and(eq(users.id, driveMembers.userId), isNull(users.deletedAt)))
        .where(and(ofDrive(scope), after === undefined ? undefined : gt(users.id, after)))
        .orderBy(asc(users.id))
        .limit(limit),
    async member(scope: DriveScope<'read'>, userId: string) {
      const rows = await db
        .select(person)
        .from(driveMembers)
        .innerJoin(users, and(eq(users.id, driveMembers.userId), isNull(users.deletedAt)))
        .where(and(ofDrive(scope), eq(driveMembers.userId, userId)))
      return rows[0]
    },
    async userId(by: { readonly id: string } | { readonly email: string }): Promise<string | undefined> {
      const one = 'id' in by ? eq(users.id, by.id) : sql`lower(${users.email}) = lower(${by.email})`
      return (await db.select({ id: users.id }).from(users).where(and(one, isNull(users.deletedAt))))[0]?.id
    },
    /** Makes a member, or gives one another role. */
    async setMember(driveId: string, { userId, role, at }: { readonly userId: string; readonly role: number; readonly at: Date }) {
      await db
        .insert(driveMembers)
        .values({ driveId, userId, role, createdAt: at })
        .onConflictDoUpdate({ target: [driveMembers.driveId, driveMembers.userId], set: { role } })
    },
    async removeMember(scope: DriveScope<'manage'>, userId: string) {
      await db.delete(driveMembers).where(and(ofDrive(scope), eq(driveMembers.userId, userId)))
    },
    /** From then on nobody sees the drive; its rows and objects go by a job. */
    async removeAllMembers({ driveId }: DriveScope<'administer'>) {
      await db.delete(driveMembers).where(eq(driveMembers.driveId, driveId))
    },
    /** With everything below it, unless somebody is a member again. */
    async delete(driveId: string) {
      await db.delete(drives).where(and(eq(drives.id, driveId), sql`NOT EXISTS (SELECT FROM drive_members m WHERE m.drive_id = ${driveId})`))
    },
    async admins(scope: DriveScope<'read'>): Promise<number> {
      const rows = await db.select({ n: count() }).from(driveMembers).where(and(ofDrive(scope), eq(driveMembers.role, 50)))
      return rows[0]?.n ?? 0
    },
  }
}
