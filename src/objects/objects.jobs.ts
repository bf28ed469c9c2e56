import { z } from 'zod'
import { defineJob, onJob } from '../jobs/define-job.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { ObjectRepository } from './objects.repository.ts'
import { removeObject } from './remove-object.ts'

const graceMs = 86_400_000

const sweepObjects = defineJob({ name: 'objects:sweep', payload: z.looseObject({}), maxAttempts: 3, timeoutSeconds: 3600, cron: '17 * * * *' })

interface Needs {
  readonly store: { readonly objects: ObjectRepository }
  readonly storage: ObjectStorage
  readonly clock: Clock
}

/** Removes what uploads and jobs that were cut off left behind a day ago. */
export const objectSweep = ({ store, storage, clock }: Needs) => {
  return onJob(sweepObjects, async (_payload, { signal }) => {
    await storage.sweep()
    const before = new Date(clock.now().getTime() - graceMs)
    for (;;) {
      const found = await store.objects.unreferenced(before, 500)
      for (const object of found) await removeObject({ store, storage }, object)
      if (found.length < 500 || signal.aborted) return
    }
  })
}
