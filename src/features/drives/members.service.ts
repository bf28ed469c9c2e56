import { type Role, roles } from '../../access/actions.ts'
import { asRole } from '../../access/role-number.ts'
import { type AssetScope, type DriveScope, server } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { Store } from '../../db/store.ts'
import { AppError, conflict, notFound } from '../../errors.ts'
import { type Cursors, type Page, pageById } from '../../model/cursor.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Member, MemberDraft, MentionableUser } from './drives.schemas.ts'
import type { MemberRepository, MemberRow } from './members.repository.ts'

export type MemberService = ReturnType<typeof createMemberService>

interface Repositories {
  readonly members: MemberRepository
  readonly activity: ActivityRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly cursors: Cursors
  readonly clock: Clock
}

export function createMemberService({ store, cursors, clock }: Needs) {
  /** Who is on the drive changes under its lock; the check on the last ADMIN comes after the change, and undoes it. */
  const change = <T>(scope: DriveScope<'manage'>, work: (tx: Repositories) => Promise<T>): Promise<T> =>
    store.transaction(async (tx) => {
      if (!(await tx.members.lock(scope))) throw notFound('Drive')
      const before = await tx.members.admins(scope)
      const result = await work(tx)
      if (before > 0 && (await tx.members.admins(scope)) === 0) throw conflict('The last ADMIN of a drive stays')
      return result
    })

  /** Absent members are made, present ones changed. */
  const put = (scope: DriveScope<'manage'>, { userId, role, mustExist }: { readonly userId: string; readonly role: Role; readonly mustExist: boolean }): Promise<Member> =>
    change(scope, async (tx) => {
      const before = await tx.members.find(scope, userId)
      if (!before && mustExist) throw notFound('Member')
      await mayTouch(tx, scope, Math.max(role, before?.role ?? 0))
      const at = clock.now()
      await tx.members.set(scope.driveId, { userId, role, at })
      const { driveId, caller } = scope
      const entry = { driveId, caller, after: { user_id: userId, role }, at }
      await tx.activity.add(before ? { ...entry, action: 'member.updated', before: { user_id: userId, role: before.role } } : { ...entry, action: 'member.added' })
      return memberNow(tx, scope, userId)
    })

  return {
    list: (scope: DriveScope<'read'>, page: Page) =>
      pageById({ cursors, list: `members ${scope.driveId}`, page }, (after, limit) => store.members.list(scope, after, limit), presentMember),

    /** By name, in an order that no locale has a part in. */
    async mentionable(scope: AssetScope<'comment'>): Promise<MentionableUser[]> {
      const rows = await store.members.mentionable(scope)
      if (!rows) throw notFound('Asset')
      return rows.sort(byName).map(({ id, name, email, avatarUrl, role }) => ({ id, name, email, avatar: avatarUrl, role: asRole(role) }))
    },

    add: (scope: DriveScope<'manage'>, { user_id, email, role }: MemberDraft): Promise<Member> =>
      change(scope, async (tx) => {
        const userId = await tx.members.userId(user_id === undefined ? { email: email ?? '' } : { id: user_id })
        if (userId === undefined) throw notFound('User')
        if (await tx.members.find(scope, userId)) throw conflict('This user is a member already: PUT changes the role')
        await mayTouch(tx, scope, role)
        const at = clock.now()
        await tx.members.set(scope.driveId, { userId, role, at })
        await tx.activity.add({ driveId: scope.driveId, caller: scope.caller, action: 'member.added', after: { user_id: userId, role }, at })
        return memberNow(tx, scope, userId)
      }),

    /** Makes a member, or gives one another role: the command line's one verb for both. */
    async set(scope: DriveScope<'manage'>, { email, role }: { readonly email: string; readonly role: Role }): Promise<Member> {
      const userId = await store.members.userId({ email })
      if (userId === undefined) throw notFound(`User ${email}`)
      return put(scope, { userId, role, mustExist: false })
    },

    changeRole: (scope: DriveScope<'manage'>, userId: string, role: Role): Promise<Member> => put(scope, { userId, role, mustExist: true }),

    remove: (scope: DriveScope<'manage'>, userId: string): Promise<true> =>
      change(scope, async (tx) => {
        const before = await tx.members.find(scope, userId)
        if (!before) throw notFound('Member')
        await mayTouch(tx, scope, before.role)
        await tx.members.remove(scope, userId)
        const { driveId, caller } = scope
        await tx.activity.add({ driveId, caller, action: 'member.removed', before: { user_id: userId, role: before.role }, at: clock.now() })
        return true as const
      }),
  }
}

/** The role that the caller has here now (the guard may remember an older one) bounds what they give and whom they touch. */
async function mayTouch({ members }: Repositories, scope: DriveScope<'manage'>, roleInvolved: number) {
  const own = scope.caller === server ? roles.ADMIN : ((await members.find(scope, scope.caller.userId))?.role ?? roles.NONE)
  if (own < roles.FULL_ACCESS) throw notFound('Drive')
  if (roleInvolved > own) throw new AppError('forbidden', 'Nobody gives, changes or takes a role above their own')
}

async function memberNow({ members }: Repositories, scope: DriveScope<'read'>, userId: string): Promise<Member> {
  const row = await members.find(scope, userId)
  if (!row) throw notFound('Member')
  return presentMember(row)
}

function byName(one: MemberRow, other: MemberRow): number {
  const [a, b] = [one.name.toLowerCase(), other.name.toLowerCase()]
  if (a === b) return one.id < other.id ? -1 : 1
  return a < b ? -1 : 1
}

const presentMember = (row: MemberRow): Member => ({ user_id: row.id, name: row.name, email: row.email, avatar: row.avatarUrl, role: asRole(row.role) })
