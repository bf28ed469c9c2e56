import { z } from 'zod'
import { RoleNumber } from '../../access/role-number.ts'

export const driveName = z.string().trim().min(1).max(200)
export const Drive = z.object({ id: z.guid(), name: z.string(), created: z.iso.datetime() }).meta({ id: 'Drive' })
export type Drive = z.infer<typeof Drive>

export const Member = z.object({ user_id: z.guid(), name: z.string(), email: z.string(), avatar: z.string().nullable(), role: RoleNumber }).meta({ id: 'Member' })
export type Member = z.infer<typeof Member>

export const MentionableUser = z
  .object({ id: z.guid(), name: z.string(), email: z.string(), avatar: z.string().nullable(), role: RoleNumber })
  .meta({ id: 'MentionableUser' })
export type MentionableUser = z.infer<typeof MentionableUser>

export const MemberDraft = z
  .object({ user_id: z.guid().optional(), email: z.email().max(320).optional(), role: RoleNumber })
  .refine(({ user_id, email }) => (user_id === undefined) !== (email === undefined), { error: 'Give exactly one of user_id and email', params: { type: 'conflicting' } })
  .meta({ id: 'MemberDraft' })
export type MemberDraft = z.infer<typeof MemberDraft>
export const RoleChange = z.object({ role: RoleNumber }).meta({ id: 'RoleChange' })
