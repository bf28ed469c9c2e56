import type { Action } from './actions.ts'
import type { AssetScope, Caller, DriveScope } from './scope.ts'

interface Granting {
  readonly driveId: string
  readonly caller: Caller
  readonly actions: ReadonlySet<Action>
}

/** The one place that makes scopes. Only the HTTP guard and the job runner may import it (`npm run directions`). */
export const grantDrive = <A extends Action>(granting: Granting, _action: A) => granting as DriveScope<A>
export const grantAsset = <A extends Action>(granting: Granting & { readonly assetId: string }, _action: A) => granting as AssetScope<A>
