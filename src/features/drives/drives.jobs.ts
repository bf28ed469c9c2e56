import { z } from 'zod'
import { defineJob, onJob } from '../../jobs/define-job.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import type { DriveRepository } from './drives.repository.ts'

export const purgeDrive = defineJob({ name: 'drives:purge', payload: z.object({ drive_id: z.guid() }), maxAttempts: 12, timeoutSeconds: 6 * 3600 })

/** Objects first: what is cut off in between is found again by its prefix, as long as the row is there. Linked objects lie elsewhere, and stay. */
export const drivePurge = ({ store, storage }: { readonly store: { readonly drives: DriveRepository }; readonly storage: ObjectStorage }) =>
  onJob(purgeDrive, async ({ drive_id: driveId }, { signal }) => {
    let keys: string[] = []
    for await (const { key } of storage.list(`drives/${driveId}/`)) {
      signal.throwIfAborted()
      keys.push(key)
      if (keys.length < 500) continue
      await storage.delete(keys)
      keys = []
    }
    await storage.delete(keys)
    await store.drives.delete(driveId)
  })
