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

/** From so many failures on it is the store that is at fault, and not some objects that may not be deleted. */
const mostFailures = 20

/** Removes what uploads and jobs that were cut off left behind a day ago. An object that cannot be removed is tried again a day later, and stops no other. */
export const objectSweep = ({ store, storage, clock }: Needs) =>
  onJob(sweepObjects, async (_payload, { signal }) => {
    await storage.sweep()
    const before = new Date(clock.now().getTime() - graceMs)
    let failures = 0
    for (;;) {
      const found = await store.objects.unreferenced(before, 500)
      for (const object of found) {
        try {
          await removeObject({ store, storage }, object)
        } catch (error) {
          failures += 1
          if (failures >= mostFailures) throw error
          await store.objects.postpone(object.driveId, object.id, clock.now())
        }
      }
      if (found.length < 500 || signal.aborted) return
    }
  })
