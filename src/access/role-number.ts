import { z } from 'zod'
import { type Role, roleValues } from './actions.ts'

/** A role on a drive, as clients send and read it. */
export const RoleNumber = z
  .literal(roleValues)
  .describe('ADMIN 50, FULL_ACCESS 40, EDITOR 30, COMMENTER 20, DOWNLOADER 17, VIEWER 15, METADATA_VIEWER 10, NONE 0')
/** A role as the database holds it: its constraint admits no other number. */
export const asRole = (role: number): Role => RoleNumber.parse(role)
