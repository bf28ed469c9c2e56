import { setTimeout as pause } from 'node:timers/promises'
import type { Installation } from '../installation.ts'
import { keepWorking } from '../jobs/keep-working.ts'
import { silentSeconds } from '../jobs/worker.ts'

/** Until no job waits or runs. Where no worker is heard of, this process does the work. */
export async function waitForJobs({ store, directPool, handlers, config }: Installation, note: (text: string) => void) {
  const isAlone = (await store.jobs.livingWorkers(silentSeconds)) === 0
  const worker = isAlone ? await keepWorking({ pool: directPool, jobs: store.jobs, handlers, concurrency: config.JOB_CONCURRENCY, log: () => undefined }) : undefined
  try {
    for (let left = await store.jobs.pending(), shown = -1; left > 0; left = await store.jobs.pending()) {
      if (left !== shown) note(`${left} ${left === 1 ? 'job' : 'jobs'} to do`)
      shown = left
      await pause(500)
    }
  } finally {
    await worker?.stop()
  }
}
