import { actionsOf, roles } from './actions.ts'
import { grantDrive } from './grant.ts'
import { server } from './scope.ts'

/** Whoever runs the process on its own machine (command line, demo) may do everything on its drives. Not for anything that answers requests. */
export const localScope = (driveId: string) => grantDrive({ driveId, caller: server, actions: actionsOf(roles.ADMIN) }, 'administer')
