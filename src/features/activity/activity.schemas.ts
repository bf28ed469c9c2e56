import { z } from 'zod'
import { activityActions, activityFamilies } from '../../activity/activity-actions.ts'
import { Person } from '../../model/person.ts'

export const ActivityEntry = z
  .object({
    id: z.guid(),
    action: z.enum(activityActions),
    asset_id: z.guid().nullable(),
    actor: Person.nullable().describe('Null: the server itself'),
    before: z.unknown().describe('What was, as far as it matters'),
    after: z.unknown().describe('What is since then'),
    created: z.iso.datetime(),
  })
  .meta({ id: 'ActivityEntry' })
export type ActivityEntry = z.infer<typeof ActivityEntry>

export const actionOrFamily = z.enum([...activityFamilies, ...activityActions]).describe('One action, or by the word before its dot all of that kind')
