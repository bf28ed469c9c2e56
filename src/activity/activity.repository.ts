import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { actorOf, type Caller, type DriveScope } from '../access/scope.ts'
import type { Executor } from '../db/client.ts'
import { activity, livingAssets, users } from '../db/schema/index.ts'
import type { ActivityAction } from './activity-actions.ts'

export type ActivityRepository = ReturnType<typeof createActivityRepository>
export type ActivityRow = Awaited<ReturnType<ActivityRepository['list']>>[number]

interface Entry {
  readonly driveId: string
  readonly caller: Caller
  readonly action: ActivityAction
  readonly assetId?: string
  readonly before?: unknown
  readonly after?: unknown
  readonly at: Date
}

/** One thing done to many assets at once. */
interface Entries extends Pick<Entry, 'driveId' | 'action' | 'at'> {
  readonly actorId: string | null
  readonly each: readonly { readonly assetId: string; readonly before: unknown; readonly after: unknown }[]
}

interface Wanted {
  readonly assetId: string | undefined
  readonly actions: readonly ActivityAction[] | undefined
  readonly after: string | undefined
  readonly limit: number
}

/** Append-only, and written in the transaction of what it tells. */
export function createActivityRepository(db: Executor) {
  const t = activity
  const ofAsset = (driveId: string, assetId: string) => and(eq(t.driveId, driveId), eq(t.assetId, assetId))
  const entry = {
    id: t.id,
    action: t.action,
    assetId: t.assetId,
    before: t.before,
    after: t.after,
    createdAt: t.createdAt,
    actor: { id: users.id, name: users.name, email: users.email, avatarUrl: users.avatarUrl, deletedAt: users.deletedAt },
  }

  return {
    async add({ driveId, caller, action, assetId, before = null, after = null, at }: Entry) {
      await db.insert(activity).values({ driveId, id: uuidv7(), actorId: actorOf(caller), action, assetId: assetId ?? null, before, after, createdAt: at })
    },

    /** In one statement, whatever their number. */
    async addEach({ driveId, actorId, action, at, each }: Entries) {
      const rows = JSON.stringify(each.map(({ assetId, before, after }) => ({ id: uuidv7(), asset_id: assetId, before, after })))
      await db.execute(sql`
        INSERT INTO activity (drive_id, id, actor_id, action, asset_id, before, after, created_at)
        SELECT ${driveId}, e.id, ${actorId}, ${action}, e.asset_id, e.before, e.after, ${at.toISOString()}::timestamptz
        FROM jsonb_to_recordset(${rows}::jsonb) AS e (id uuid, asset_id uuid, before jsonb, after jsonb)`)
    },

    /** The newest first. */
    list: ({ driveId }: DriveScope<'read'>, { assetId, actions, after, limit }: Wanted) =>
      db
        .select(entry)
        .from(t)
        .leftJoin(users, eq(users.id, t.actorId))
        .where(
          and(
            eq(t.driveId, driveId),
            assetId === undefined ? undefined : eq(t.assetId, assetId),
            actions === undefined ? undefined : inArray(t.action, [...actions]),
            after === undefined ? undefined : lt(t.id, after),
          ),
        )
        .orderBy(desc(t.id))
        .limit(limit),

    /** Whether there is anything to tell of it: an asset that was purged has its history still. */
    async knows({ driveId }: DriveScope<'read'>, assetId: string): Promise<boolean> {
      return (await db.select({ id: t.id }).from(t).where(ofAsset(driveId, assetId)).limit(1)).length > 0
    },

    async isLiving({ driveId }: DriveScope<'read'>, assetId: string): Promise<boolean> {
      const found = await db.select({ id: livingAssets.id }).from(livingAssets).where(and(eq(livingAssets.driveId, driveId), eq(livingAssets.id, assetId)))
      return found.length > 0
    },

    async has(driveId: string, assetId: string, action: ActivityAction): Promise<boolean> {
      return (await db.select({ id: t.id }).from(t).where(and(ofAsset(driveId, assetId), eq(t.action, action))).limit(1)).length > 0
    },
  }
}
