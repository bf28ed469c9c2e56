import type { DriveScope } from '../../access/scope.ts'
import { type ActivityAction, actionsNamed } from '../../activity/activity-actions.ts'
import type { ActivityRepository, ActivityRow } from '../../activity/activity.repository.ts'
import { AppError, notFound } from '../../errors.ts'
import { type Cursors, type Page, pageById } from '../../model/cursor.ts'
import { presentPerson } from '../../model/person.ts'
import type { ActivityEntry } from './activity.schemas.ts'

export type ActivityService = ReturnType<typeof createActivityService>

interface Needs {
  readonly store: { readonly activity: ActivityRepository }
  readonly cursors: Cursors
}
interface Wanted {
  readonly assetId: string | undefined
  readonly action: string | undefined
  readonly page: Page
}

export function createActivityService({ store, cursors }: Needs) {
  /** Who reads the drive sees what became of an asset that is there; who manages it, of everything that ever was. */
  async function mayList(scope: DriveScope<'read'>, assetId: string | undefined) {
    const mayManage = scope.actions.has('manage')
    if (assetId === undefined) {
      if (!mayManage) throw new AppError('forbidden', 'This needs the role FULL_ACCESS on the drive; with asset_id a VIEWER may look at what became of one asset')
      return
    }
    if (await store.activity.isLiving(scope, assetId)) return
    if (!mayManage || !(await store.activity.knows(scope, assetId))) throw notFound('Asset')
  }

  return {
    async list(scope: DriveScope<'read'>, { assetId, action, page }: Wanted) {
      await mayList(scope, assetId)
      const actions = action === undefined ? undefined : actionsNamed(action)
      return pageById(
        { cursors, list: `activity ${scope.driveId} ${assetId ?? ''} ${action ?? ''}`, page },
        (after, limit) => store.activity.list(scope, { assetId, actions, after, limit }),
        present,
      )
    },
  }
}

const present = (row: ActivityRow): ActivityEntry => ({
  id: row.id,
  action: row.action as ActivityAction, // written from the same list
  asset_id: row.assetId,
  actor: presentPerson(row.actor),
  before: row.before,
  after: row.after,
  created: row.createdAt.toISOString(),
})
