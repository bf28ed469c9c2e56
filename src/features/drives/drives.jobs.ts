import { z } from 'zod'
import { defineJob, onJob } from '../../jobs/define-job.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import type { DriveRepository } from './drives.repository.ts'

export const purgeDrive = defineJob({ name: 'drives:purge', payload: z.object({ drive_id: z.guid() }), maxAttempts: 12, timeoutSeconds: 6 * 3600 })

interface Needs {
  readonly store: { readonly drives: DriveRepository }
  readonly storage: ObjectStorage
  /** What is still being sent lies under no key yet. */
  readonly endUploads: (driveId: string, signal: AbortSignal) => Promise<void>
}

/**
 * Rows first: from then on nothing new can refer to the drive, and what is still being sent finds no place. Then everything under its prefix, until
 * nothing is left there; a try that is cut off is repeated whole. Linked objects lie elsewhere, and stay.
 */
export const drivePurge = ({ store, storage, endUploads }: Needs) =>
  onJob(purgeDrive, async ({ drive_id: driveId }, { signal }) => {
    await endUploads(driveId, signal)
    while ((await store.drives.deleteSome(driveId)) > 0) signal.throwIfAborted()
    await store.drives.delete(driveId)
    while ((await deleteBelow(storage, `drives/${driveId}/`, signal)) > 0) signal.throwIfAborted()
  })

async function deleteBelow(storage: ObjectStorage, prefix: string, signal: AbortSignal): Promise<number> {
  let count = 0
  let keys: string[] = []
  for await (const { key } of storage.list(prefix)) {
    signal.throwIfAborted()
    keys.push(key)
    count += 1
    if (keys.length < 500) continue
    await storage.delete(keys)
    keys = []
  }
  await storage.delete(keys)
  return count
}
