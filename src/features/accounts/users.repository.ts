import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import { type Executor, violatedConstraint } from '../../db/client.ts'
import { driveMembers, drives, users } from '../../db/schema/index.ts'

export type UserRepository = ReturnType<typeof createUserRepository>
export type UserRow = typeof users.$inferSelect

/** Users, as long as they are not deleted, and what they have on drives. */
export function createUserRepository(db: Executor) {
  const living = isNull(users.deletedAt)

  return {
    async find(id: string): Promise<UserRow | undefined> {
      return (await db.select().from(users).where(and(eq(users.id, id), living)))[0]
    },
    async byEmail(email: string): Promise<UserRow | undefined> {
      return (await db.select().from(users).where(and(sql`lower(${users.email}) = lower(${email})`, living)))[0]
    },
    list: (after: string | undefined, limit: number): Promise<UserRow[]> =>
      db
        .select()
        .from(users)
        .where(and(living, after === undefined ? undefined : gt(users.id, after)))
        .orderBy(asc(users.id))
        .limit(limit),

    /** False where the address is taken. */
    async insert(user: typeof users.$inferInsert): Promise<boolean> {
      const made = await db.insert(users).values(user).onConflictDoNothing().returning({ id: users.id })
      return made.length > 0
    },
    /** `taken` where another has the address. */
    async update(id: string, change: Partial<Pick<UserRow, 'email' | 'name' | 'avatarUrl'>>, at: Date): Promise<UserRow | 'taken' | undefined> {
      try {
        return (await db.update(users).set({ ...change, updatedAt: at }).where(and(eq(users.id, id), living)).returning())[0]
      } catch (error) {
        if (violatedConstraint(error) === 'users_email_taken') return 'taken'
        throw error
      }
    },
    async delete(id: string, at: Date): Promise<boolean> {
      const gone = await db.update(users).set({ deletedAt: at }).where(and(eq(users.id, id), living)).returning({ id: users.id })
      return gone.length > 0
    },

    drivesOf: (userId: string, onlyDriveId: string | null) =>
      db
        .select({ id: drives.id, name: drives.name, role: driveMembers.role })
        .from(driveMembers)
        .innerJoin(drives, eq(drives.id, driveMembers.driveId))
        .where(and(eq(driveMembers.userId, userId), gt(driveMembers.role, 0), onlyDriveId === null ? undefined : eq(drives.id, onlyDriveId)))
        .orderBy(asc(drives.id)),
  }
}
