import { and, eq } from 'drizzle-orm'
import type { Executor } from '../db/client.ts'
import { objects } from '../db/schema/index.ts'

export type AttachmentRepository = ReturnType<typeof createAttachmentRepository>

/** The objects that tokens stand for: reserved until somebody uses the token. */
export function createAttachmentRepository(db: Executor) {
  const waiting = (driveId: string, id: string) => and(eq(objects.driveId, driveId), eq(objects.id, id), eq(objects.kind, 'attachment'), eq(objects.state, 'reserved'))

  return {
    async isWaiting(driveId: string, id: string): Promise<boolean> {
      return (await db.select({ id: objects.id }).from(objects).where(waiting(driveId, id))).length > 0
    },

    /**
     * Uses it up; false where somebody was quicker. Nothing can refer to it any more. Its row goes with the sweep, a day after it was made: until its
     * link has expired the bytes may come again, and are then still known of.
     */
    async consume(driveId: string, id: string): Promise<boolean> {
      const consumed = await db.update(objects).set({ state: 'deleting' }).where(waiting(driveId, id)).returning({ id: objects.id })
      return consumed.length > 0
    },
  }
}
