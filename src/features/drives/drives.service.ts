import { v7 as uuidv7 } from 'uuid'
import { roles } from '../../access/actions.ts'
import { type Caller, type DriveScope, server } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { Store } from '../../db/store.ts'
import { invalid, notFound } from '../../errors.ts'
import { type Cursors, type Page, pageById } from '../../model/cursor.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import { purgeDrive } from './drives.jobs.ts'
import type { DriveRepository } from './drives.repository.ts'
import type { Drive } from './drives.schemas.ts'
import type { MemberRepository } from './members.repository.ts'

export type DriveService = ReturnType<typeof createDriveService>

interface Repositories {
  readonly drives: DriveRepository
  readonly members: MemberRepository
  readonly activity: ActivityRepository
  readonly jobs: JobRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly cursors: Cursors
  readonly clock: Clock
}

export function createDriveService({ store, cursors, clock }: Needs) {
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
        if (caller !== server) await tx.members.set(drive.id, { userId: caller.userId, role: roles.ADMIN, at })
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
        if (!(await tx.members.lock(scope)) || !(await isMemberStill(tx, scope))) throw notFound('Drive')
        const before = await tx.drives.find(scope)
        const after = name === undefined ? before : await tx.drives.rename(scope, name, clock.now())
        if (!before || !after) throw notFound('Drive')
        if (after.name === before.name) return presentDrive(after)
        const { driveId, caller } = scope
        await tx.activity.add({ driveId, caller, action: 'drive.updated', before: { name: before.name }, after: { name: after.name }, at: clock.now() })
        return presentDrive(after)
      }),

    /** Gone for everybody at once; rows and objects follow by a job. The name guards against the wrong tab. */
    delete: (scope: DriveScope<'administer'>, name: string): Promise<true> =>
      store.transaction(async (tx) => {
        const drive = (await tx.members.lock(scope)) ? await tx.drives.find(scope) : undefined
        if (!drive) throw notFound('Drive')
        if (drive.name !== name) throw invalid({ loc: ['query', 'name'], msg: 'must be the name of the drive, letter by letter', type: 'conflicting' })
        await tx.members.removeAll(scope)
        await tx.jobs.enqueue(purgeDrive, { drive_id: scope.driveId }, `purge:${scope.driveId}`)
        return true as const
      }),
  }
}

/** The guard may remember a role on a drive that was deleted a moment ago: it has no members any more. */
const isMemberStill = async ({ members }: { readonly members: MemberRepository }, scope: DriveScope<'read'>) =>
  scope.caller === server || (await members.find(scope, scope.caller.userId)) !== undefined

export const presentDrive = (row: { readonly id: string; readonly name: string; readonly createdAt: Date }): Drive => ({ id: row.id, name: row.name, created: row.createdAt.toISOString() })
