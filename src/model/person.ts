import { z } from 'zod'

export const Person = z
  .object({
    id: z.guid().nullable(),
    name: z.string(),
    email: z.string().nullable(),
    avatar: z.string().nullable(),
    is_guest: z.boolean(),
  })
  .meta({ id: 'Person' })
export type Person = z.infer<typeof Person>

/** Of a left join with users: all null where there is no such user. */
export interface UserColumns {
  readonly id: string | null
  readonly name: string | null
  readonly email: string | null
  readonly avatarUrl: string | null
  readonly deletedAt: Date | null
}

/** Deleted users stay by name; null = the server itself. */
export function presentPerson(user: UserColumns | null): Person | null {
  if (!user || user.id === null || user.name === null) return null
  const isGone = user.deletedAt !== null
  return { id: user.id, name: user.name, email: isGone ? null : user.email, avatar: isGone ? null : user.avatarUrl, is_guest: false }
}
