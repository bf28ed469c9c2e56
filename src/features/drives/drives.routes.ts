import { z } from 'zod'
import { callerRoute, driveRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pageQuery } from '../../model/cursor.ts'
import { Drive, driveName } from './drives.schemas.ts'
import type { DriveService } from './drives.service.ts'

const tag = 'Drives'
const drive = 'path'

export const driveRoutes = (drives: DriveService): Route[] => [
  callerRoute({
    method: 'GET',
    path: '/workspaces/drives',
    operationId: 'listDrives',
    tag,
    summary: 'List the drives that you are a member of',
    who: 'caller',
    query: pageQuery,
    response: pageOf(Drive),
    handle: async ({ caller, query }) => ok(await drives.list(caller, query)),
  }),
  callerRoute({
    method: 'POST',
    path: '/workspaces/drives',
    operationId: 'createDrive',
    tag,
    summary: 'Make a drive; you become its ADMIN',
    who: 'operator',
    body: z.object({ name: driveName }).meta({ id: 'DriveDraft' }),
    response: Drive,
    handle: async ({ caller, body }) => ok(await drives.create(caller, body.name)),
  }),
  driveRoute({
    method: 'GET',
    path: '',
    drive,
    operationId: 'getDrive',
    tag,
    summary: 'Get a drive',
    action: 'read',
    response: Drive,
    handle: async ({ scope }) => ok(await drives.get(scope)),
  }),
  driveRoute({
    method: 'PUT',
    path: '',
    drive,
    operationId: 'updateDrive',
    tag,
    summary: 'Rename a drive',
    action: 'manage',
    body: z.object({ name: driveName.optional() }).meta({ id: 'DriveChange' }),
    response: Drive,
    handle: async ({ scope, body }) => ok(await drives.rename(scope, body.name)),
  }),
  driveRoute({
    method: 'DELETE',
    path: '',
    drive,
    operationId: 'deleteDrive',
    tag,
    summary: 'Delete a drive and everything in it',
    description: 'There is no way back. `name` must equal the drive’s name.',
    action: 'administer',
    query: { name: z.string().max(200) },
    response: z.literal(true),
    handle: async ({ scope, query }) => ok(await drives.delete(scope, query.name)),
  }),
]
