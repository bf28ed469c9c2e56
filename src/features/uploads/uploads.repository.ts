import { and, asc, eq, gt, isNull, lt, ne, or, sql } from 'drizzle-orm'
import { actorOf, type Caller, type DriveScope } from '../../access/scope.ts'
import { type Executor, violatedConstraint } from '../../db/client.ts'
import { assets, uploads } from '../../db/schema/index.ts'
import { notFound } from '../../errors.ts'
import type { AssetPath } from '../../model/asset-path.ts'
import type { OnTaken } from '../../model/on-taken.ts'
import { objectKeys } from '../../objects/object-keys.ts'

export type UploadRepository = ReturnType<typeof createUploadRepository>
export type UploadRow = typeof uploads.$inferSelect

/** The source of the asset that an upload becomes. Its row has the upload's id, so that who finishes it again finds it. */
export const sourceOf = ({ driveId, assetId }: Pick<UploadRow, 'driveId' | 'assetId'>) => objectKeys.source(driveId, assetId)

export interface UploadKey {
  readonly driveId: string
  readonly id: string
}
/** Who holds the lock: a request, or a job. */
interface Held extends UploadKey {
  readonly owner: string
}
interface NewUpload extends AssetPath {
  readonly id: string
  readonly assetId: string
  readonly onConflict: OnTaken
  readonly contentType: string
  readonly metadata: string
  readonly sizeBytes: number
  readonly storeUploadId: string
  readonly at: Date
  readonly expiresAt: Date
}

/** How far an upload has come, as its holder knows it. */
interface Progress {
  readonly offsetBytes: number
  readonly expiresAt: Date
}

const ownedBy = (caller: Caller) => {
  const actor = actorOf(caller)
  return actor === null ? isNull(uploads.createdBy) : eq(uploads.createdBy, actor)
}

export function createUploadRepository(db: Executor) {
  const keyed = ({ driveId, id }: UploadKey) => and(eq(uploads.driveId, driveId), eq(uploads.id, id))
  const heldBy = (held: Held) => and(keyed(held), eq(uploads.lockedBy, held.owner))
  // The database's clock: instances need not agree about the time.
  const isFree = or(isNull(uploads.lockedBy), lt(uploads.lockedUntil, sql`now()`))
  const until = (leaseMs: number) => sql`now() + make_interval(secs => ${leaseMs / 1000})`
  const unlocked = { lockedBy: null, lockedUntil: null } as const

  return {
    /** An upload belongs to whoever began it. */
    async find({ driveId, caller }: DriveScope<'edit'>, id: string): Promise<UploadRow | undefined> {
      return (await db.select().from(uploads).where(and(keyed({ driveId, id }), ownedBy(caller))))[0]
    },

    async exists(key: UploadKey): Promise<boolean> {
      return (await db.select({ id: uploads.id }).from(uploads).where(keyed(key))).length > 0
    },

    /** Whether it has become an asset, which may be in the trash by now. */
    async hasAsset({ driveId, assetId }: UploadRow): Promise<boolean> {
      return (await db.select({ id: assets.id }).from(assets).where(and(eq(assets.driveId, driveId), eq(assets.id, assetId)))).length > 0
    },

    ...unfinishedOf(db),

    async insert({ driveId, caller }: DriveScope<'edit'>, { at, ...upload }: NewUpload) {
      const state = upload.sizeBytes === 0 ? 'received' : 'open'
      try {
        await db.insert(uploads).values({ ...upload, driveId, state, offsetBytes: 0, createdBy: actorOf(caller), createdAt: at })
      } catch (error) {
        if (violatedConstraint(error) === 'uploads_drive_id_drives_id_fk') throw notFound('Drive')
        throw error
      }
    },

    /** Undefined where another has the lock, or there is no such upload any more. */
    async take(held: Held, leaseMs: number): Promise<UploadRow | undefined> {
      const taken = await db.update(uploads).set({ lockedBy: held.owner, lockedUntil: until(leaseMs), wantedBy: null }).where(and(keyed(held), isFree)).returning()
      return taken[0]
    },

    /** Asks the holder to let go; false where there is no such upload any more. */
    async want(held: Held): Promise<boolean> {
      return (await db.update(uploads).set({ wantedBy: held.owner }).where(keyed(held)).returning({ id: uploads.id })).length > 0
    },

    /** Undefined where the lock is lost. */
    async renew(held: Held, leaseMs: number, progress: Progress | undefined): Promise<{ readonly wantedBy: string | null } | undefined> {
      const reached = progress && { expiresAt: progress.expiresAt, offsetBytes: sql`greatest(${uploads.offsetBytes}, ${progress.offsetBytes})` }
      const renewed = await db.update(uploads).set({ lockedUntil: until(leaseMs), ...reached }).where(heldBy(held)).returning({ wantedBy: uploads.wantedBy })
      return renewed[0]
    },

    /** False where the lock is lost. */
    async advance(held: Held, { offsetBytes, expiresAt }: Progress): Promise<boolean> {
      const state = sql`CASE WHEN ${uploads.sizeBytes} = ${offsetBytes} THEN 'received' ELSE ${uploads.state} END`
      return (await db.update(uploads).set({ offsetBytes, expiresAt, state }).where(heldBy(held)).returning({ id: uploads.id })).length > 0
    },

    /** False where the lock is lost: who has it now finds the asset, and finishes. */
    async finish(held: Held): Promise<boolean> {
      return (await db.update(uploads).set({ state: 'finished' }).where(heldBy(held)).returning({ id: uploads.id })).length > 0
    },

    async release(held: Held) {
      await db.update(uploads).set(unlocked).where(heldBy(held))
    },

    async delete(key: UploadKey) {
      await db.delete(uploads).where(keyed(key))
    },

    /** Of any drive; those that somebody writes just now are not among them. */
    expired: (now: Date, limit: number): Promise<UploadKey[]> =>
      db.select({ driveId: uploads.driveId, id: uploads.id }).from(uploads).where(and(lt(uploads.expiresAt, now), isFree)).orderBy(uploads.expiresAt).limit(limit),

    ofDrive: (driveId: string, limit: number): Promise<UploadRow[]> => db.select().from(uploads).where(eq(uploads.driveId, driveId)).limit(limit),
  }
}

/** The caller's own on the drive. */
function unfinishedOf(db: Executor) {
  const unfinished = ({ driveId, caller }: DriveScope<'edit'>) => and(eq(uploads.driveId, driveId), ownedBy(caller), ne(uploads.state, 'finished'))
  return {
    unfinished: (scope: DriveScope<'edit'>): Promise<number> => db.$count(uploads, unfinished(scope)),

    listUnfinished: (scope: DriveScope<'edit'>, { now, after, limit }: { readonly now: Date; readonly after: string | undefined; readonly limit: number }): Promise<UploadRow[]> =>
      db
        .select()
        .from(uploads)
        .where(and(unfinished(scope), gt(uploads.expiresAt, now), after === undefined ? undefined : gt(uploads.id, after)))
        .orderBy(asc(uploads.id))
        .limit(limit),
  }
}
