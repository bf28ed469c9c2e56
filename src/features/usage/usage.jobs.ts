import { z } from 'zod'
import { defineJob, onJob } from '../../jobs/define-job.ts'
import type { Clock } from '../../ports/clock.ts'
import { dayBefore } from './days.ts'
import type { UsageRepository } from './usage.repository.ts'

export const foldUsage = defineJob({ name: 'usage:fold', payload: z.looseObject({}), maxAttempts: 1, timeoutSeconds: 300, cron: '* * * * *' })

const batch = 5000
/** More than the 30 days that are shown, for servers whose clocks differ. What comes later about older days is dropped too, so nothing is left of it. */
const daysKept = 40

interface Needs {
  readonly store: { readonly usage: UsageRepository }
  readonly clock: Clock
}

/** Adds the changes up, so that who reads usage has few to add. Each batch is one statement: what is cut off has happened, or not. */
export const usageFold = ({ store, clock }: Needs) =>
  onJob(foldUsage, async (_payload, { signal }) => {
    const firstDay = dayBefore(clock.now(), daysKept)
    while ((await store.usage.fold(batch, firstDay)) === batch) signal.throwIfAborted()
    await store.usage.tidy(firstDay)
  })
