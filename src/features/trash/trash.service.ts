import { z } from 'zod'
import type { DriveScope } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { Asset } from '../../assets/asset.schemas.ts'
import type { AssetRepository } from '../../assets/assets.repository.ts'
import { PathTaken } from '../../assets/path-taken.ts'
import type { PathRepository } from '../../assets/paths.repository.ts'
import { presentAsset } from '../../assets/present-asset.ts'
import type { Store } from '../../db/store.ts'
import { notFound, pathTaken } from '../../errors.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { freeName, fullPath } from '../../model/asset-path.ts'
import type { AssetType } from '../../model/asset-type.ts'
import { type Cursors, type Page, pageBy } from '../../model/cursor.ts'
import { presentPerson } from '../../model/person.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import { purgeTrash } from './trash.jobs.ts'
import type { TrashRepository, TrashRow } from './trash.repository.ts'
import type { TrashedAsset } from './trash.schemas.ts'

export type TrashService = ReturnType<typeof createTrashService>

/** Orders again what was still to be made of an asset when it was deleted; it was passed over while it lay in the trash. */
export type ResumeJobs<Repositories> = (tx: Repositories, asset: { readonly driveId: string; readonly assetId: string }) => Promise<void>

interface Repositories {
  readonly trash: TrashRepository
  readonly assets: AssetRepository
  readonly paths: PathRepository
  readonly activity: ActivityRepository
  readonly jobs: JobRepository
}
interface Needs<R extends Repositories> {
  readonly store: Store<R>
  readonly resumeJobs: ResumeJobs<R>
  readonly links: LinkSigner
  readonly cursors: Cursors
  readonly clock: Clock
}

const newestFirst = {
  schema: z.object({ deletedAt: z.string(), id: z.string() }),
  positionOf: ({ deletedAt, id }: TrashRow) => ({ deletedAt: deletedAt?.toISOString() ?? '', id }),
}
const triesAtMost = 10

export function createTrashService<R extends Repositories>({ store, resumeJobs, links, cursors, clock }: Needs<R>) {
  /** In one transaction; undefined where another took the path in the middle of it. */
  async function restoreOnce(scope: DriveScope<'edit'>, id: string): Promise<Asset | undefined> {
    const { driveId, caller } = scope
    try {
      return await store.transaction(async (tx) => {
        const at = clock.now()
        const row = await tx.trash.lock(scope, id, at)
        if (!row) throw notFound('Asset')
        const others = await tx.paths.taken(driveId, row)
        const place = { directory: row.directory, name: freeName(row.name, (name) => others.has(name)) }
        await tx.trash.restore(scope, row.id, { name: place.name, at })
        await tx.activity.add({ driveId, caller, action: 'asset.restored', assetId: row.id, before: { path: fullPath(driveId, row) }, after: { path: fullPath(driveId, place) }, at })
        await resumeJobs(tx, { driveId, assetId: row.id })
        const restored = await tx.assets.findByPath(scope, place)
        if (!restored) throw notFound('Asset')
        return presentAsset(restored, links)
      })
    } catch (error) {
      if (error instanceof PathTaken) return undefined
      throw error
    }
  }

  return {
    list: (scope: DriveScope<'edit'>, page: Page) =>
      pageBy({ cursors, list: `trash ${scope.driveId}`, page }, newestFirst, {
        read: (after, limit) => store.trash.list(scope, { at: clock.now(), after, limit }),
        present: (row) => presentTrashed(scope.driveId, row),
      }),

    /** To where it was, or beside it where that path has another by now: `name (2).mov`. */
    async restore(scope: DriveScope<'edit'>, id: string): Promise<Asset> {
      for (let tries = 0; tries < triesAtMost; tries += 1) {
        const restored = await restoreOnce(scope, id)
        if (restored) return restored
      }
      throw pathTaken(null)
    },

    /** Gone for everybody at once; rows and objects follow by a job. */
    purge: (scope: DriveScope<'manage'>, id: string): Promise<true> =>
      store.transaction(async (tx) => {
        const { driveId, caller } = scope
        const at = clock.now()
        const row = await tx.trash.lock(scope, id, at)
        if (!row) throw notFound('Asset')
        await tx.trash.letGo(scope, row.id)
        await tx.activity.add({ driveId, caller, action: 'asset.purged', assetId: row.id, before: { path: fullPath(driveId, row) }, at })
        await tx.jobs.enqueue(purgeTrash, { drive_id: driveId }, `trash:${driveId}`)
        return true as const
      }),

    /** All that is in it now, as one. */
    empty: (scope: DriveScope<'manage'>): Promise<true> =>
      store.transaction(async (tx) => {
        const { driveId, caller } = scope
        const at = clock.now()
        if (!(await tx.trash.empty(scope))) throw notFound('Drive')
        await tx.activity.add({ driveId, caller, action: 'trash.emptied', at })
        await tx.jobs.enqueue(purgeTrash, { drive_id: driveId }, `trash:${driveId}`)
        return true as const
      }),
  }
}

const presentTrashed = (driveId: string, row: TrashRow): TrashedAsset => ({
  id: row.id,
  drive_id: driveId,
  path: fullPath(driveId, row),
  name: row.name,
  type: row.type as AssetType, // written from the same list
  size_bytes: row.sizeBytes,
  deleted: row.deletedAt?.toISOString() ?? '', // a row of the trash has both: a constraint says so
  deleted_by: presentPerson(row.deletedBy),
  purge_after: row.purgeAfter?.toISOString() ?? '',
})
