import { LRUCache } from 'lru-cache'
import { AppError, notFound } from '../errors.ts'
import type { AccessRepository } from './access.repository.ts'
import { type Action, actionsOf, nameOfLowest, nameOfRole } from './actions.ts'
import type { Caller } from './scope.ts'

export interface Decide {
  /** What the caller may do on the drive, or the refusal: 404 in the name of `what` for who has no business there, 403 for too low a role. */
  onDrive(caller: Caller, driveId: string, wanted: { readonly action: Action; readonly what: 'Drive' | 'Asset' }): Promise<ReadonlySet<Action>>
  /** The drive of an asset whose caller did not name one. */
  driveOf(assetId: string): Promise<string | undefined>
}

/** Roles are remembered for `cacheMs`, absent ones never: who was just made a member gets in at once. */
export function createDecide(access: AccessRepository, cacheMs: number): Decide {
  const roles = cacheMs > 0 ? new LRUCache<string, number>({ max: 50_000, ttl: cacheMs }) : undefined
  const drives = new LRUCache<string, string>({ max: 50_000 }) // an asset never changes its drive

  async function roleOf(driveId: string, caller: Caller): Promise<number> {
    if (caller.onlyDriveId !== null && caller.onlyDriveId !== driveId) return 0
    const name = `${driveId} ${caller.userId}`
    const known = roles?.get(name)
    if (known !== undefined) return known
    const role = (await access.roleOf(driveId, caller.userId)) ?? 0
    if (role > 0) roles?.set(name, role)
    return role
  }

  return {
    async onDrive(caller, driveId, { action, what }) {
      const role = await roleOf(driveId, caller)
      if (role === 0) throw notFound(what)
      const actions = actionsOf(role)
      if (!actions.has(action)) throw new AppError('forbidden', `This needs the role ${nameOfLowest(action)} on the drive; yours is ${nameOfRole(role)}`)
      return actions
    },
    async driveOf(assetId) {
      const known = drives.get(assetId)
      if (known) return known
      const driveId = await access.driveOfAsset(assetId)
      if (driveId) drives.set(assetId, driveId)
      return driveId
    },
  }
}
