import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Executor } from '../../db/client.ts'
import { driveMembers, drives, users } from '../../db/schema/index.ts'

export type OfficeRepository = ReturnType<typeof createOfficeRepository>

/** What must not be left without anybody when a user goes: the installation, and drives. */
export function createOfficeRepository(db: Executor) {
  return {
    /** Holds, until the transaction ends, the operators and the drives that this user is ADMIN of: who else would leave them waits. Answers the operators. */
    async lock(userId: string): Promise<string[]> {
      const operators = await db.select({ id: users.id }).from(users).where(and(users.isOperator, isNull(users.deletedAt))).orderBy(asc(users.id)).for('update')
      const administered = db.select({ id: driveMembers.driveId }).from(driveMembers).where(and(eq(driveMembers.userId, userId), eq(driveMembers.role, 50)))
      await db.select({ id: drives.id }).from(drives).where(inArray(drives.id, administered)).orderBy(asc(drives.id)).for('update')
      return operators.map((each) => each.id)
    },
    /** Drives whose only ADMIN this is: they would be nobody's. */
    soleAdminOf: (userId: string) =>
      db
        .select({ name: drives.name })
        .from(driveMembers)
        .innerJoin(drives, eq(drives.id, driveMembers.driveId))
        .where(
          and(
            eq(driveMembers.userId, userId),
            eq(driveMembers.role, 50),
            sql`NOT EXISTS (SELECT FROM drive_members other JOIN users u ON u.id = other.user_id AND u.deleted_at IS NULL
                            WHERE other.drive_id = ${driveMembers.driveId} AND other.role = 50 AND other.user_id <> ${userId})`,
          ),
        ),
    async leaveDrives(userId: string) {
      await db.delete(driveMembers).where(eq(driveMembers.userId, userId))
    },
  }
}
