import { z } from 'zod'
import { server } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { Store } from '../../db/store.ts'
import { defineJob, onJob } from '../../jobs/define-job.ts'
import { fullPath } from '../../model/asset-path.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import { removeObject } from '../../objects/remove-object.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import type { TrashRepository } from './trash.repository.ts'

/** Of one drive, or by the clock of all. */
export const purgeTrash = defineJob({ name: 'trash:purge', payload: z.looseObject({ drive_id: z.guid().optional() }), maxAttempts: 12, timeoutSeconds: 6 * 3600, cron: '7 * * * *' })

interface Repositories {
  readonly trash: TrashRepository
  readonly objects: ObjectRepository
  readonly activity: ActivityRepository
}
/** What is kept of the faces on an asset must go with it: means of embeddings too. */
interface FacesOfPurged<R> {
  /** To be called before the asset is locked. */
  readonly lock: (tx: R, asset: PurgedAsset) => Promise<void>
  readonly forget: (tx: R, asset: PurgedAsset, at: Date) => Promise<void>
}
interface PurgedAsset {
  readonly driveId: string
  readonly assetId: string
}
interface Needs<R extends Repositories> {
  readonly store: Store<R>
  readonly storage: ObjectStorage
  readonly clock: Clock
  readonly faces: FacesOfPurged<R>
}

const assetsAtOnce = 500

/**
 * What is due leaves for good: an asset's row with all that hangs on it, in one transaction with the references that go; then the bytes that nobody
 * refers to any more. Whatever is cut off in between has lost its last reference in the table, and the sweep of objects finds it.
 */
export const trashPurge = <R extends Repositories>({ store, storage, clock, faces }: Needs<R>) => {
  /** The objects that it referred to; none where it was restored or purged meanwhile. */
  const purge = (driveId: string, id: string) =>
    store.transaction(async (tx) => {
      const at = clock.now()
      await faces.lock(tx, { driveId, assetId: id })
      const asset = await tx.trash.lockDue(driveId, id, at)
      if (!asset) return []
      const objects = await tx.trash.objectsOf(driveId, id)
      await faces.forget(tx, { driveId, assetId: id }, at)
      await tx.trash.delete(driveId, id)
      await tx.objects.unreference(driveId, objects.map((each) => each.id))
      // Whoever purged it by hand stands in the activity already.
      if (!(await tx.activity.has(driveId, id, 'asset.purged')))
        await tx.activity.add({ driveId, caller: server, action: 'asset.purged', assetId: id, before: { path: fullPath(driveId, asset) }, at })
      return objects
    })

  return onJob(purgeTrash, async ({ drive_id }, { signal }) => {
    for (;;) {
      const due = await store.trash.due(drive_id, clock.now(), assetsAtOnce)
      for (const { driveId, id } of due) {
        for (const object of await purge(driveId, id)) await removeObject({ store, storage }, { driveId, ...object })
        signal.throwIfAborted()
      }
      if (due.length < assetsAtOnce) return
    }
  })
}
