import { v7 as uuidv7 } from 'uuid'
import { type Role, roles } from '../../access/actions.ts'
import { asRole } from '../../access/role-number.ts'
import { type Caller, type DriveScope, server } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { Store } from '../../db/store.ts'
import { AppError, conflict, invalid, notFound } from '../../errors.ts'
import { type Cursors, type Page, pageById } from '../../model/cursor.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import { purgeDrive } from './drives.jobs.ts'
import type { DriveRepository, MemberRow } from './drives.repository.ts'
import type { Drive, Member, MemberDraft } from './drives.schemas.ts'

export type DriveService = ReturnType<typeof createDriveService>

interface Repositories {
  readonly drives: DriveRepository
  readonly activity: ActivityRepository
  readonly jobs: JobRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly cursors: Cursors
  readonly clock: Clock
}

export function createDriveService({ store, cursors, clock }: Needs) {
  /** The role that `caller` has here bounds what they give and whom they touch. */
  async function mayTouch({ drives }: Repositories, scope: DriveScope<'manage'>, roleInvolved: number) {
    const own = scope.caller === server ? roles.ADMIN : ((await drives.member(scope, scope.caller.userId))?.role ?? 0)
    if (roleInvolved > own) throw new AppError('forbidden', 'Nobody gives, changes or takes a role above their own')
  }

  async function oneAdminStays({ drives }: Repositories, scope: DriveScope<'manage'>, before: number) {
    if (before > 0 && (await drives.admins(scope)) === 0) throw conflict('The last ADMIN of a drive stays')
  }

  /** Who is on the drive changes under its lock; the check on the last ADMIN comes after the change, and undoes it. */
  const changeMembers = <T>(scope: DriveScope<'manage'>, work: (tx: Repositories) => Promise<T>): Promise<T> =>
    store.transaction(async (tx) => {
      await tx.drives.lock(scope)
      const before = await tx.drives.admins(scope)
      const result = await work(tx)
      await oneAdminStays(tx, scope, before)
      return result
    })

  /** Absent members are made, present ones changed. */
  const putMember = (scope: DriveScope<'manage'>, { userId, role, mustExist }: { readonly userId: string; readonly role: Role; readonly mustExist: boolean }): Promise<Member> =>
    changeMembers(scope, async (tx) => {
      const before = await tx.drives.member(scope, userId)
      if (!before && mustExist) throw notFound('Member')
      await mayTouch(tx, scope, Math.max(role, before?.role ?? 0))
      const at = clock.now()
      await tx.drives.setMember(scope.driveId, { userId, role, at })
      const { driveId, caller } = scope
      const entry = { driveId, caller, after: { user_id: userId, role }, at }
      await tx.activity.add(before ? { ...entry, action: 'member.updated', before: { user_id: userId, role: before.role } } : { ...entry, action: 'member.added' })
      return memberNow(tx, scope, userId)
    })

  return {
    list: (caller: Caller, page: Page) =>
      pageById(
        { cursors, list: `drives ${caller.userId}`, page },
        (after, limit) => store.drives.ofUser(caller.userId, caller.onlyDriveId, { after, limit }),
        presentDrive,
      ),

    /** Whoever makes a drive is its ADMIN; one that the command line makes has none yet. */
    async create(caller: Caller, name: string): Promise<Drive> {
      const at = clock.now()
      const drive = { id: uuidv7(), name, createdAt: at, updatedAt: at }
      await store.transaction(async (tx) => {
        await tx.drives.insert(drive)
        if (caller !== server) await tx.drives.setMember(drive.id, { userId: caller.userId, role: roles.ADMIN, at })
        await tx.activity.add({ driveId: drive.id, caller, action: 'drive.created', after: { name }, at })
      })
      return presentDrive(drive)
    },

    async get(scope: DriveScope<'read'>): Promise<Drive> {
      const drive = await store.drives.find(scope)
      if (!drive) throw notFound('Drive')
      return presentDrive(drive)
    },

    rename: (scope: DriveScope<'manage'>, name: string | undefined): Promise<Drive> =>
      store.transaction(async (tx) => {
        const before = await tx.drives.find(scope)
        const after = await tx.drives.rename(scope, name ?? before?.name ?? '', clock.now())
        if (!before || !after) throw notFound('Drive')
        const { driveId, caller } = scope
        await tx.activity.add({ driveId, caller, action: 'drive.updated', before: { name: before.name }, after: { name: after.name }, at: clock.now() })
        return presentDrive(after)
      }),

    /** Gone for everybody at once; rows and objects follow by a job. The name guards against the wrong tab. */
    delete: (scope: DriveScope<'administer'>, name: string): Promise<true> =>
      store.transaction(async (tx) => {
        await tx.drives.lock(scope)
        const drive = await tx.drives.find(scope)
        if (!drive) throw notFound('Drive')
        if (drive.name !== name) throw invalid({ loc: ['query', 'name'], msg: 'must be the name of the drive, letter by letter', type: 'conflicting' })
        await tx.drives.removeAllMembers(scope)
        await tx.jobs.enqueue(purgeDrive, { drive_id: scope.driveId }, `purge:${scope.driveId}`)
        return true as const
      }),

    members: (scope: DriveScope<'read'>, page: Page) =>
      pageById({ cursors, list: `members ${scope.driveId}`, page }, (after, limit) => store.drives.members(scope, after, limit), presentMember),

    addMember: (scope: DriveScope<'manage'>, { user_id, email, role }: MemberDraft): Promise<Member> =>
      changeMembers(scope, async (tx) => {
        const userId = await tx.drives.userId(user_id === undefined ? { email: email ?? '' } : { id: user_id })
        if (userId === undefined) throw notFound('User')
        if (await tx.drives.member(scope, userId)) throw conflict('This user is a member already: PUT changes the role')
        await mayTouch(tx, scope, role)
        const at = clock.now()
        await tx.drives.setMember(scope.driveId, { userId, role, at })
        await tx.activity.add({ driveId: scope.driveId, caller: scope.caller, action: 'member.added', after: { user_id: userId, role }, at })
        return memberNow(tx, scope, userId)
      }),

    /** Makes a member, or gives one another role: the command line's one verb for both. */
    async setMember(scope: DriveScope<'manage'>, { email, role }: { readonly email: string; readonly role: Role }): Promise<Member> {
      const userId = await store.drives.userId({ email })
      if (userId === undefined) throw notFound('User')
      return putMember(scope, { userId, role, mustExist: false })
    },

    changeRole: (scope: DriveScope<'manage'>, userId: string, role: Role): Promise<Member> => putMember(scope, { userId, role, mustExist: true }),

    removeMember: (scope: DriveScope<'manage'>, userId: string): Promise<true> =>
      changeMembers(scope, async (tx) => {
        const before = await tx.drives.member(scope, userId)
        if (!before) throw notFound('Member')
        await mayTouch(tx, scope, before.role)
        await tx.drives.removeMember(scope, userId)
        const { driveId, caller } = scope
        await tx.activity.add({ driveId, caller, action: 'member.removed', before: { user_id: userId, role: before.role }, at: clock.now() })
        return true as const
      }),
  }
}

async function memberNow({ drives }: Repositories, scope: DriveScope<'read'>, userId: string): Promise<Member> {
  const row = await drives.member(scope, userId)
  if (!row) throw notFound('Member')
  return presentMember(row)
}

const presentDrive = (row: { readonly id: string; readonly name: string; readonly createdAt: Date }): Drive => ({ id: row.id, name: row.name, created: row.createdAt.toISOString() })

const presentMember = (row: MemberRow): Member => ({ user_id: row.id, name: row.name, email: row.email, avatar: row.avatarUrl, role: asRole(row.role) })
