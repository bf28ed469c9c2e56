import { v7 as uuidv7 } from 'uuid'
import { keyHash, newKey } from '../../access/api-keys.ts'
import type { Decide } from '../../access/decide.ts'
import { asRole } from '../../access/role-number.ts'
import { server, type Caller } from '../../access/scope.ts'
import type { Store } from '../../db/store.ts'
import { AppError, conflict, invalid, notFound } from '../../errors.ts'
import { type Cursors, type Page, pageById } from '../../model/cursor.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AccountRepository, ApiKeyRow, UserRow } from './accounts.repository.ts'
import { type ApiKey, type ApiKeyDraft, type Me, type NewApiKey, type User } from './accounts.schemas.ts'

export type AccountService = ReturnType<typeof createAccountService>

interface Needs {
  readonly store: Store<{ readonly accounts: AccountRepository }>
  readonly decide: Decide
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

export function createAccountService({ store, decide, cursors, clock }: Needs) {
  async function existing(userId: string): Promise<UserRow> {
    const user = await store.accounts.user(userId)
    if (!user) throw notFound('User')
    return user
  }

  async function createKey(maker: Caller, owner: string, { name, drive_id, expires }: ApiKeyDraft): Promise<NewApiKey> {
    // A key never does more than the one that made it: neither outside its drive nor past its end.
    const driveId = drive_id ?? maker.onlyDriveId
    if (driveId !== null) await decide.onDrive({ ...maker, userId: owner }, driveId, { action: 'read_metadata', what: 'Drive' })
    const now = clock.now()
    const expiresAt = expires ? new Date(expires) : null
    if (expiresAt && expiresAt <= now) throw invalid({ loc: ['body', 'expires'], msg: 'must lie in the future', type: 'range' })
    const [id, key] = [uuidv7(), newKey()]
    await store.accounts.insertKey({ id, userId: owner, onlyDriveId: driveId, name, hash: keyHash(key), createdAt: now, expiresAt })
    return { id, key, name, drive_id: driveId, created: now.toISOString(), expires: expiresAt?.toISOString() ?? null }
  }

  return {
    async me(caller: Caller): Promise<Me> {
      const user = await existing(caller.userId)
      const drives = await store.accounts.drivesOf(caller.userId, caller.onlyDriveId)
      const { id, name, email, avatar, is_operator } = presentUser(user)
      return { id, name, email, avatar, is_operator, drives: drives.map((drive) => ({ ...drive, role: asRole(drive.role) })) }
    },

    listKeys: (caller: Caller, page: Page) =>
      pageById({ cursors, list: `keys ${caller.userId}`, page }, (after, limit) => store.accounts.keys(caller.userId, after, limit), presentKey),
    createOwnKey: (caller: Caller, draft: ApiKeyDraft) => createKey(caller, caller.userId, draft),
    async createKeyFor(caller: Caller, userId: string, draft: ApiKeyDraft): Promise<NewApiKey> {
      await existing(userId)
      return createKey(caller, userId, draft)
    },
    async revokeKey(caller: Caller, id: string): Promise<true> {
      const owner = caller === server ? undefined : caller.userId
      if (!(await store.accounts.revokeKey(id, owner, clock.now()))) throw notFound('API key')
      return true
    },

    listUsers: (page: Page) => pageById({ cursors, list: 'users', page }, (after, limit) => store.accounts.users(after, limit), presentUser),
    async userByEmail(email: string): Promise<User> {
      const user = await store.accounts.userByEmail(email)
      if (!user) throw notFound('User')
      return presentUser(user)
    },
    async createUser({ email, name, avatar = null, is_operator = false }: UserDraft): Promise<User> {
      const now = clock.now()
      const user: UserRow = { id: uuidv7(), email, name, avatarUrl: avatar, isOperator: is_operator, createdAt: now, updatedAt: now, deletedAt: null }
      if (!(await store.accounts.insertUser(user))) throw emailTaken()
      return presentUser(user)
    },
    async updateUser(userId: string, { email, name, avatar }: UserChange): Promise<User> {
      const change = { ...(email !== undefined && { email }), ...(name !== undefined && { name }), ...(avatar !== undefined && { avatarUrl: avatar }) }
      const updated = await store.accounts.updateUser(userId, change, clock.now())
      if (updated === 'taken') throw emailTaken()
      if (!updated) throw notFound('User')
      return presentUser(updated)
    },
    /** Stays as an author by name; keys and memberships end. */
    async deleteUser(caller: Caller, userId: string): Promise<true> {
      if (caller.userId === userId) throw new AppError('conflict', 'Nobody deletes themselves')
      await store.transaction(async ({ accounts }) => {
        const sole = await accounts.soleAdminOf(userId)
        if (sole.length > 0) throw conflict(`The only ADMIN of ${sole.map((drive) => drive.name).join(', ')}: make another one first`)
        if (!(await accounts.deleteUser(userId, clock.now()))) throw notFound('User')
        await accounts.leaveDrives(userId)
      })
      return true
    },
  }
}

export const presentUser = (row: UserRow): User => ({
  id: row.id,
  email: row.email,
  name: row.name,
  avatar: row.avatarUrl,
  is_operator: row.isOperator,
  created: row.createdAt.toISOString(),
})

const presentKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  drive_id: row.onlyDriveId,
  created: row.createdAt.toISOString(),
  expires: row.expiresAt?.toISOString() ?? null,
  last_used: row.lastUsedAt?.toISOString() ?? null,
})
