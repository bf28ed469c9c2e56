import { z } from 'zod'
import { RoleNumber } from '../../access/role-number.ts'

export const email = z.email().max(320)
export const personName = z.string().trim().min(1).max(200).meta({ examples: ['Ana Diaz'] })
export const futureTime = z.iso
  .datetime({ offset: true })
  .refine((text) => Number.isFinite(Date.parse(text)) && Date.parse(text) < Date.UTC(2200, 0), 'must lie before the year 2200')
  .describe('A time, with offset or Z')

export const User = z
  .object({ id: z.guid(), email: z.string(), name: z.string(), avatar: z.string().nullable(), is_operator: z.boolean(), created: z.iso.datetime() })
  .meta({ id: 'User' })
export type User = z.infer<typeof User>

export const ApiKey = z
  .object({
    id: z.guid(),
    name: z.string(),
    drive_id: z.guid().nullable().describe('The one drive that it works on; null = all of its owner’s'),
    created: z.iso.datetime(),
    expires: z.iso.datetime().nullable(),
    last_used: z.iso.datetime().nullable().describe('To the minute'),
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.infer<typeof ApiKey>

export const NewApiKey = z
  .object({ id: z.guid(), key: z.string().describe('Shown this once'), name: z.string(), drive_id: z.guid().nullable(), created: z.iso.datetime(), expires: z.iso.datetime().nullable() })
  .meta({ id: 'NewApiKey' })
export type NewApiKey = z.infer<typeof NewApiKey>

export const ApiKeyDraft = z
  .object({
    name: z.string().trim().min(1).max(200),
    drive_id: z.guid().nullable().optional().describe('Narrows the key to one drive'),
    expires: futureTime.nullable().optional(),
  })
  .meta({ id: 'ApiKeyDraft' })
export type ApiKeyDraft = z.infer<typeof ApiKeyDraft>

export const Me = z
  .object({
    id: z.guid(),
    name: z.string(),
    email: z.string(),
    avatar: z.string().nullable(),
    is_operator: z.boolean(),
    drives: z.array(z.object({ id: z.guid(), name: z.string(), role: RoleNumber })),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof Me>
