import { z } from 'zod'
import { defineJob, onJob } from '../jobs/define-job.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { ObjectRepository } from './objects.repository.ts'

const graceMs = 86_400_000

export const sweepObjects = defineJob({ name: 'objects:sweep', payload: z.looseObject({}), maxAttempts: 3, timeoutSeconds: 3600, cron: '17 * * * *' })

interface Needs {
  readonly store: { readonly objects: ObjectRepository }
  readonly storage: ObjectStorage
  readonly clock: Clock
}

/** Removes what uploads and jobs that were cut off left behind a day ago. Claimed first, so that nothing can come to refer to it; then the bytes, then the row: what is cut off in between still stands in the table. */
export const objectSweep = ({ store, storage, clock }: Needs) => {
  async function remove({ driveId, id, key, isOwned }: { readonly driveId: string; readonly id: string; readonly key: string; readonly isOwned: boolean }) {
    if (!(await store.objects.claim(driveId, id))) return
    if (isOwned) await storage.delete([key])
    await store.objects.forget(driveId, id)
  }
  return onJob(sweepObjects, async (_payload, { signal }) => {
    await storage.sweep()
    const before = new Date(clock.now().getTime() - graceMs)
    for (;;) {
      const found = await store.objects.unreferenced(before, 500)
      for (const object of found) await remove(object)
      if (found.length < 500 || signal.aborted) return
    }
  })
}
