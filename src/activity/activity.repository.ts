import { v7 as uuidv7 } from 'uuid'
import { actorOf, type Caller } from '../access/scope.ts'
import type { Executor } from '../db/client.ts'
import { activity } from '../db/schema/index.ts'

export type ActivityRepository = ReturnType<typeof createActivityRepository>

export type ActivityAction =
  | 'drive.created'
  | 'drive.updated'
  | 'member.added'
  | 'member.updated'
  | 'member.removed'
  | 'asset.created'
  | 'asset.inspected'
  | 'asset.rendered'

interface Entry {
  readonly driveId: string
  readonly caller: Caller
  readonly action: ActivityAction
  readonly assetId?: string
  readonly before?: unknown
  readonly after?: unknown
  readonly at: Date
}

/** Append-only, and written in the transaction of what it tells. */
export function createActivityRepository(db: Executor) {
  return {
    async add({ driveId, caller, action, assetId, before = null, after = null, at }: Entry) {
      await db.insert(activity).values({ driveId, id: uuidv7(), actorId: actorOf(caller), action, assetId: assetId ?? null, before, after, createdAt: at })
    },
  }
}
