import { and, asc, eq, lt, ne, sql } from 'drizzle-orm'
import type { DriveScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { folderOperations } from '../../db/schema/index.ts'

export type FolderOperationRepository = ReturnType<typeof createFolderOperationRepository>
export type FolderOperationRow = typeof folderOperations.$inferSelect

/** Moves and deletions of folders, and how far they are. */
export function createFolderOperationRepository(db: Executor) {
  const t = folderOperations
  const one = (driveId: string, id: string) => and(eq(t.driveId, driveId), eq(t.id, id))
  const isOpen = ne(t.state, 'COMPLETED')

  return {
    async insert(operation: typeof folderOperations.$inferInsert): Promise<FolderOperationRow> {
      const [row] = await db.insert(t).values(operation).returning()
      if (!row) throw new Error('An insert answered no row')
      return row
    },

    async find({ driveId }: DriveScope<'read'>, id: string): Promise<FolderOperationRow | undefined> {
      return (await db.select().from(t).where(one(driveId, id)))[0]
    },

    /** Those of a drive that have not come to their end. */
    open: ({ driveId }: DriveScope<'edit'>) => db.select({ path: t.path, newPath: t.newPath }).from(t).where(and(eq(t.driveId, driveId), isOpen)),

    /** For one step of it; none where it has come to its end. */
    async lockOpen(driveId: string, id: string): Promise<FolderOperationRow | undefined> {
      return (await db.select().from(t).where(and(one(driveId, id), isOpen)).for('update'))[0]
    },

    /** So many more are done. */
    async advance({ driveId, id }: FolderOperationRow, { done, isAtEnd, at }: { readonly done: number; readonly isAtEnd: boolean; readonly at: Date }): Promise<FolderOperationRow> {
      const [row] = await db
        .update(t)
        .set({ state: isAtEnd ? 'COMPLETED' : 'IN_PROGRESS', done: sql`${t.done} + ${done}`, total: sql`greatest(${t.total}, ${t.done} + ${done})`, error: null, updatedAt: at })
        .where(one(driveId, id))
        .returning()
      if (!row) throw new Error('The operation went while it was locked')
      return row
    },

    /** Why the last try failed; `isFinal`: no other follows soon. */
    async fail(driveId: string, id: string, { error, isFinal, at }: { readonly error: string; readonly isFinal: boolean; readonly at: Date }) {
      await db.update(t).set({ error, updatedAt: at, ...(isFinal && { state: 'FAILED' }) }).where(and(one(driveId, id), isOpen))
    },

    /** Open ones that nobody has touched since then. */
    idle: (before: Date) => db.select({ driveId: t.driveId, id: t.id }).from(t).where(and(isOpen, lt(t.updatedAt, before))).orderBy(asc(t.updatedAt)).limit(500),

    async forget(before: Date) {
      await db.delete(t).where(lt(t.updatedAt, before))
    },
  }
}
