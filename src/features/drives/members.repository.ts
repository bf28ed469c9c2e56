import { and, asc, count, eq, gt, gte, isNull, sql } from 'drizzle-orm'
import { roles } from '../../access/actions.ts'
import type { AssetScope, DriveScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { driveMembers, drives, livingAssets, users } from '../../db/schema/index.ts'

export type MemberRepository = ReturnType<typeof createMemberRepository>
export type MemberRow = NonNullable<Awaited<ReturnType<MemberRepository['find']>>>

/** Who is on a drive. */
export function createMemberRepository(db: Executor) {
  const person = { id: users.id, name: users.name, email: users.email, avatarUrl: users.avatarUrl, role: driveMembers.role }
  const ofDrive = ({ driveId }: DriveScope<'read'>) => eq(driveMembers.driveId, driveId)

  return {
    /** Held until the transaction ends, so that two changes cannot each leave the other's ADMIN as the last; false where the drive is gone. */
    async lock({ driveId }: DriveScope<'manage'>): Promise<boolean> {
      const rows = await db.select({ id: drives.id }).from(drives).where(eq(drives.id, driveId)).for('update')
      return rows.length > 0
    },
    list: (scope: DriveScope<'read'>, after: string | undefined, limit: number) =>
      db
        .select(person)
        .from(driveMembers)
        .innerJoin(users, and(eq(users.id, driveMembers.userId), isNull(users.deletedAt)))
        .where(and(ofDrive(scope), after === undefined ? undefined : gt(users.id, after)))
        .orderBy(asc(users.id))
        .limit(limit),
    async find(scope: DriveScope<'read'>, userId: string) {
      const rows = await db
        .select(person)
        .from(driveMembers)
        .innerJoin(users, and(eq(users.id, driveMembers.userId), isNull(users.deletedAt)))
        .where(and(ofDrive(scope), eq(driveMembers.userId, userId)))
      return rows[0]
    },
    /** Who may comment on the asset, and so be told of a comment; undefined where there is no such asset. */
    async mentionable({ driveId, assetId }: AssetScope<'comment'>) {
      const rows = await db
        .select({ user: { id: users.id, name: users.name, email: users.email, avatarUrl: users.avatarUrl }, role: driveMembers.role })
        .from(livingAssets)
        .leftJoin(driveMembers, and(eq(driveMembers.driveId, livingAssets.driveId), gte(driveMembers.role, roles.COMMENTER)))
        .leftJoin(users, and(eq(users.id, driveMembers.userId), isNull(users.deletedAt)))
        .where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.id, assetId)))
      return rows.length === 0 ? undefined : rows.flatMap(({ user, role }) => (user && role !== null ? [{ ...user, role }] : []))
    },
    /** Of any user, member or not. */
    async userId(by: { readonly id: string } | { readonly email: string }): Promise<string | undefined> {
      const one = 'id' in by ? eq(users.id, by.id) : sql`lower(${users.email}) = lower(${by.email})`
      return (await db.select({ id: users.id }).from(users).where(and(one, isNull(users.deletedAt))))[0]?.id
    },
    /** Makes a member, or gives one another role. */
    async set(driveId: string, { userId, role, at }: { readonly userId: string; readonly role: number; readonly at: Date }) {
      await db
        .insert(driveMembers)
        .values({ driveId, userId, role, createdAt: at })
        .onConflictDoUpdate({ target: [driveMembers.driveId, driveMembers.userId], set: { role } })
    },
    async remove(scope: DriveScope<'manage'>, userId: string) {
      await db.delete(driveMembers).where(and(ofDrive(scope), eq(driveMembers.userId, userId)))
    },
    /** From then on nobody sees the drive; its rows and objects go by a job. */
    async removeAll({ driveId }: DriveScope<'administer'>) {
      await db.delete(driveMembers).where(eq(driveMembers.driveId, driveId))
    },
    async admins(scope: DriveScope<'read'>): Promise<number> {
      const rows = await db.select({ n: count() }).from(driveMembers).where(and(ofDrive(scope), eq(driveMembers.role, 50)))
      return rows[0]?.n ?? 0
    },
  }
}
