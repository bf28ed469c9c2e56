/** What can be done with a drive or one of its assets; every route names the one that it needs. */
export type Action = 'read_metadata' | 'read' | 'view_stack_versions' | 'download' | 'comment' | 'edit_metadata' | 'edit' | 'manage' | 'administer'

/** Roles on a drive, as clients know them: integers. */
export const roles = { ADMIN: 50, FULL_ACCESS: 40, EDITOR: 30, COMMENTER: 20, DOWNLOADER: 17, VIEWER: 15, METADATA_VIEWER: 10, NONE: 0 } as const
export type Role = (typeof roles)[keyof typeof roles]
export const roleValues = Object.values(roles)

/** The lowest role that may do it. */
const lowest: Readonly<Record<Action, Role>> = {
  read_metadata: 10,
  read: 15,
  view_stack_versions: 15,
  download: 17,
  comment: 20,
  edit_metadata: 30,
  edit: 30,
  manage: 40,
  administer: 50,
}
const actions = Object.keys(lowest) as Action[] // its keys are all of them, by its type

const allowed = new Map<Role, ReadonlySet<Action>>(roleValues.map((role) => [role, new Set(actions.filter((action) => role >= lowest[action]))]))
const nothing: ReadonlySet<Action> = new Set()

/** All that a role entitles to. */
export const actionsOf = (role: number): ReadonlySet<Action> => allowed.get(role as Role) ?? nothing // a number that is no role finds nothing

export const nameOfRole = (role: number): string => Object.entries(roles).find(([, value]) => value === role)?.[0] ?? 'NONE'
export const nameOfLowest = (action: Action): string => nameOfRole(lowest[action])
