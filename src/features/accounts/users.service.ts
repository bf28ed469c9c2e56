import { v7 as uuidv7 } from 'uuid'
import { asRole } from '../../access/role-number.ts'
import type { Caller } from '../../access/scope.ts'
import type { Store } from '../../db/store.ts'
import { AppError, conflict, notFound } from '../../errors.ts'
import { type Cursors, type Page, pageById } from '../../model/cursor.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Me, User } from './accounts.schemas.ts'
import type { OfficeRepository } from './offices.repository.ts'
import type { UserRepository, UserRow } from './users.repository.ts'

export type UserService = ReturnType<typeof createUserService>

interface Needs {
  readonly store: Store<{ readonly users: UserRepository; readonly offices: OfficeRepository }>
  readonly cursors: Cursors
  readonly clock: Clock
}
interface UserDraft {
  readonly email: string
  readonly name: string
  readonly avatar?: string | null | undefined
  readonly is_operator?: boolean | undefined
}
type UserChange = { readonly [K in 'email' | 'name' | 'avatar']?: UserDraft[K] | undefined }

const emailTaken = () => conflict('Another user has this e-mail address')

export function createUserService({ store, cursors, clock }: Needs) {
  async function me(caller: Caller): Promise<Me> {
    const user = await store.users.find(caller.userId)
    if (!user) throw notFound('User')
    const drives = await store.users.drivesOf(caller.userId, caller.onlyDriveId)
    const { id, name, email, avatar, is_operator } = presentUser(user)
    return { id, name, email, avatar, is_operator, drives: drives.map((drive) => ({ ...drive, role: asRole(drive.role) })) }
  }

  async function update(userId: string, { email, name, avatar }: UserChange): Promise<User> {
    const change = { ...(email !== undefined && { email }), ...(name !== undefined && { name }), ...(avatar !== undefined && { avatarUrl: avatar }) }
    const updated = await store.users.update(userId, change, clock.now())
    if (updated === 'taken') throw emailTaken()
    if (!updated) throw notFound('User')
    return presentUser(updated)
  }

  return {
    me,
    /** One's address is an operator's to change: it is what people are found by. */
    async updateMe(caller: Caller, { name, avatar }: Pick<UserChange, 'name' | 'avatar'>): Promise<Me> {
      if (caller.onlyDriveId !== null) throw new AppError('forbidden', 'This key works on one drive; who you are is the same on all of them')
      await update(caller.userId, { name, avatar })
      return me(caller)
    },

    list: (page: Page) => pageById({ cursors, list: 'users', page }, (after, limit) => store.users.list(after, limit), presentUser),
    async byEmail(email: string): Promise<User> {
      const user = await store.users.byEmail(email)
      if (!user) throw notFound(`User ${email}`)
      return presentUser(user)
    },
    async create({ email, name, avatar = null, is_operator = false }: UserDraft): Promise<User> {
      const now = clock.now()
      const user: UserRow = { id: uuidv7(), email, name, avatarUrl: avatar, isOperator: is_operator, createdAt: now, updatedAt: now, deletedAt: null }
      if (!(await store.users.insert(user))) throw emailTaken()
      return presentUser(user)
    },
    update,
    /** Stays as an author by name; keys and memberships end. */
    async delete(caller: Caller, userId: string): Promise<true> {
      if (caller.userId === userId) throw new AppError('conflict', 'Nobody deletes themselves')
      await store.transaction(async ({ users, offices }) => {
        const operators = await offices.lock(userId)
        if (!operators.includes(caller.userId)) throw new AppError('forbidden', 'This is for operators of the installation') // no longer: somebody was quicker
        const sole = await offices.soleAdminOf(userId)
        if (sole.length > 0) throw conflict(`The only ADMIN of ${sole.map((drive) => drive.name).join(', ')}: make another one first`)
        if (!(await users.delete(userId, clock.now()))) throw notFound('User')
        await offices.leaveDrives(userId)
      })
      return true
    },
  }
}

const presentUser = (row: UserRow): User => ({
  id: row.id,
  email: row.email,
  name: row.name,
  avatar: row.avatarUrl,
  is_operator: row.isOperator,
  created: row.createdAt.toISOString(),
})
