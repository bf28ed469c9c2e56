import { and, asc, eq, gt, isNull, or } from 'drizzle-orm'
import type { Executor } from '../../db/client.ts'
import { apiKeys } from '../../db/schema/index.ts'

export type ApiKeyRepository = ReturnType<typeof createApiKeyRepository>
export type ApiKeyRow = typeof apiKeys.$inferSelect

interface Owner {
  readonly userId: string
  readonly onlyDriveId: string | null
}
const ofDrive = (onlyDriveId: string | null) => (onlyDriveId === null ? undefined : eq(apiKeys.onlyDriveId, onlyDriveId))

/** The keys of users, as long as they are not revoked. */
export function createApiKeyRepository(db: Executor) {
  return {
    /** Of one drive alone, where `onlyDriveId` says so. */
    list: ({ userId, onlyDriveId }: Owner, after: string | undefined, limit: number): Promise<ApiKeyRow[]> =>
      db
        .select()
        .from(apiKeys)
        .where(and(eq(apiKeys.userId, userId), ofDrive(onlyDriveId), isNull(apiKeys.revokedAt), after === undefined ? undefined : gt(apiKeys.id, after)))
        .orderBy(asc(apiKeys.id))
        .limit(limit),
    /** When this key ends; undefined where it has ended or was revoked, whatever the guard still remembers of it. */
    async living(id: string, now: Date): Promise<{ readonly expiresAt: Date | null } | undefined> {
      const rows = await db
        .select({ expiresAt: apiKeys.expiresAt })
        .from(apiKeys)
        .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now))))
      return rows[0]
    },
    async insert(key: typeof apiKeys.$inferInsert) {
      await db.insert(apiKeys).values(key)
    },
    /** `owner` undefined: whoever's it is. */
    async revoke(id: string, owner: Owner | undefined, at: Date): Promise<boolean> {
      const gone = await db
        .update(apiKeys)
        .set({ revokedAt: at })
        .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt), owner && and(eq(apiKeys.userId, owner.userId), ofDrive(owner.onlyDriveId))))
        .returning({ id: apiKeys.id })
      return gone.length > 0
    },
  }
}
