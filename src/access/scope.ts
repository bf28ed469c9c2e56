import type { Action } from './actions.ts'

/** Who calls: a person, by an API key or an access token. */
export interface Caller {
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly isOperator: boolean
  /** The key that was shown; null with an access token. */
  readonly keyId: string | null
  /** A key may be narrowed to one drive: every other looks as if it did not exist. */
  readonly onlyDriveId: string | null
}

/** What else an action's scope may be used for. Only what holds for shares too: what a share allows is a set, not a level. */
interface Implied {
  read_metadata: 'read_metadata'
  read: 'read' | 'read_metadata' | 'view_stack_versions'
  view_stack_versions: Implied['read']
  download: 'download' | Implied['read']
  comment: 'comment' | Implied['read']
  edit_metadata: 'edit_metadata' | Implied['read']
  edit: 'edit' | Implied['edit_metadata'] | Implied['comment'] | Implied['download']
  manage: 'manage' | Implied['edit']
  administer: 'administer' | Implied['manage']
}

declare const onDrive: unique symbol
declare const onAsset: unique symbol

interface Granted {
  readonly driveId: string
  readonly caller: Caller
  /** All that this caller may do here, for what depends on more than the route («the author, or who may manage»). */
  readonly actions: ReadonlySet<Action>
}

/** Proof that this caller may do `A` on this drive. Made by the guard and the job runner alone; services and repositories ask for it. */
export interface DriveScope<A extends Action> extends Granted {
  readonly [onDrive]: { readonly [P in Implied[A]]: true }
}

/**
 * Proof that this caller may do `A` on this asset, if it exists: every statement still finds it by (drive, id) among the living.
 * No `DriveScope`, even for the reading: what was shown of one asset shows nothing of its drive.
 */
export interface AssetScope<A extends Action> extends Granted {
  readonly assetId: string
  readonly [onAsset]: { readonly [P in Implied[A]]: true }
}

/** One of several actions is not all of them: a union's scope is a union of scopes. */
type EachScope<A extends Action> = A extends Action ? AssetScope<A> : never

/**
 * Whether an asset's scope entitles to more than its route asked for. It looks at `scope.actions`, which whoever granted the scope filled:
 * so it narrows what was granted, and makes nothing.
 */
export const allows = <S extends AssetScope<'read_metadata'>, A extends Action>(scope: S, action: A): scope is S & EachScope<A> => scope.actions.has(action)

/** Where a route finds the drive that it works on. */
export type DriveSource = 'path' | 'query' | 'body'

/** Every route states one of these; there is no default, so that none can be open by omission. */
export type AccessRule =
  | { readonly kind: 'public'; readonly reason: string }
  | { readonly kind: 'caller' }
  | { readonly kind: 'operator' }
  | { readonly kind: 'drive'; readonly action: Action; readonly drive: DriveSource }
  /** `required` false: the drive is found by the asset's id where it is left out. */
  | { readonly kind: 'asset'; readonly action: Action; readonly drive: 'query' | 'body'; readonly required: boolean }

/** The server itself, as the caller of its own jobs and of the command line. */
export const server: Caller = { userId: '00000000-0000-0000-0000-000000000000', name: 'Dailies', email: '', isOperator: true, keyId: null, onlyDriveId: null }
/** Who stands in the activity as the actor; null for the server. */
export const actorOf = (caller: Caller): string | null => (caller === server ? null : caller.userId)
