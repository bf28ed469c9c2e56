import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Executor } from '../db/client.ts'
import { lazily } from '../db/lazily.ts'
import { apiKeys, driveMembers, livingAssets, users } from '../db/schema/index.ts'

export type AccessRepository = ReturnType<typeof createAccessRepository>

/** The statements of the guard. Each is prepared once and answered from an index. */
export function createAccessRepository(db: Executor) {
  const person = { userId: users.id, name: users.name, email: users.email, isOperator: users.isOperator }

  const keyByHash = lazily(() =>
    db
      .select({ ...person, keyId: apiKeys.id, onlyDriveId: apiKeys.onlyDriveId, expiresAt: apiKeys.expiresAt, lastUsedAt: apiKeys.lastUsedAt })
      .from(apiKeys)
      .innerJoin(users, and(eq(users.id, apiKeys.userId), isNull(users.deletedAt)))
      .where(and(eq(apiKeys.hash, sql.placeholder('hash')), isNull(apiKeys.revokedAt)))
      .prepare('access_key_by_hash'),
  )
  const userById = lazily(() =>
    db
      .select(person)
      .from(users)
      .where(and(eq(users.id, sql.placeholder('id')), isNull(users.deletedAt)))
      .prepare('access_user_by_id'),
  )
  const roleOf = lazily(() =>
    db
      .select({ role: driveMembers.role })
      .from(driveMembers)
      .where(and(eq(driveMembers.driveId, sql.placeholder('driveId')), eq(driveMembers.userId, sql.placeholder('userId'))))
      .prepare('access_role'),
  )
  const driveOf = lazily(() =>
    db
      .select({ driveId: livingAssets.driveId })
      .from(livingAssets)
      .where(eq(livingAssets.id, sql.placeholder('id')))
      .prepare('access_drive_of_asset'),
  )

  return {
    /** A key that was not revoked, of a user who was not deleted; its expiry is the caller's to look at. */
    keyByHash: async (hash: Buffer) => (await keyByHash().execute({ hash }))[0],
    userById: async (id: string) => (await userById().execute({ id }))[0],
    roleOf: async (driveId: string, userId: string) => (await roleOf().execute({ driveId, userId }))[0]?.role,
    driveOfAsset: async (id: string) => (await driveOf().execute({ id }))[0]?.driveId,
    /** Kept to the minute, which is all that anybody asks of it. */
    async noteUse(keyId: string, now: Date) {
      await db.update(apiKeys).set({ lastUsedAt: now }).where(eq(apiKeys.id, keyId))
    },
  }
}
