import { z } from 'zod'
import { jobNames, jobStates } from '../../model/job-names.ts'

export const AssetJob = z
  .object({
    name: z.enum(jobNames),
    state: z.enum(jobStates),
    progress: z.number().nullable().describe('0 to 1; null where nobody can tell'),
    attempts: z.int(),
    error: z.string().nullable().describe('Why the last try failed'),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
  })
  .meta({ id: 'AssetJob' })
export type AssetJob = z.infer<typeof AssetJob>
