import { z } from 'zod'
import { driveRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pathPageQuery } from '../../model/cursor.ts'
import type { FolderOperationService } from './folder-operations.service.ts'
import { Folder, FolderDraft, FolderMove, FolderOperation, folderPath } from './folders.schemas.ts'
import type { FolderService } from './folders.service.ts'

const tag = 'Folders'
const drive = 'path'

export const folderRoutes = (folders: FolderService): Route[] => [
  driveRoute({
    method: 'GET',
    path: '/folders',
    drive,
    operationId: 'listFolders',
    tag,
    summary: 'List the folders in a folder',
    description: 'Those directly in it, in the order of their paths by bytes. A folder is there while an asset lies below it, or where somebody made it.',
    action: 'read',
    query: { path: folderPath.default('/').meta({ 'x-default': '/', description: 'Bare, or led by the drive’s id' }), ...pathPageQuery },
    response: pageOf(Folder),
    handle: async ({ scope, query }) => ok(await folders.list(scope, query.path, query)),
  }),
  driveRoute({
    method: 'POST',
    path: '/folders',
    drive,
    operationId: 'createFolder',
    tag,
    summary: 'Make an empty folder',
    description: 'Nothing needs one made: an upload may name any folder. One that is there already answers 409.',
    action: 'edit',
    body: FolderDraft,
    refusals: { conflict: 'The folder is there already' },
    response: Folder,
    handle: async ({ scope, body }) => ok(await folders.create(scope, body.path)),
  }),
]

export const folderOperationRoutes = (operations: FolderOperationService): Route[] => [
  driveRoute({
    method: 'PUT',
    path: '/folders',
    drive,
    operationId: 'moveFolder',
    tag,
    summary: 'Rename or move a folder, with all that is in it',
    description: 'Up to 1000 assets are moved at once, more by a job: the answer says how far it is. Folders are not merged: where something lies at `new_path` the answer is 409.',
    action: 'edit',
    body: FolderMove,
    refusals: { conflict: 'Something lies at `new_path`' },
    response: FolderOperation,
    handle: async ({ scope, body }) => ok(await operations.move(scope, body)),
  }),
  driveRoute({
    method: 'DELETE',
    path: '/folders',
    drive,
    operationId: 'deleteFolder',
    tag,
    summary: 'Put all that is in a folder into the trash',
    description: 'Up to 1000 assets at once, more by a job: the answer says how far it is.',
    action: 'edit',
    query: { path: folderPath.describe('Bare, or led by the drive’s id') },
    response: FolderOperation,
    handle: async ({ scope, query }) => ok(await operations.delete(scope, query.path)),
  }),
  driveRoute({
    method: 'GET',
    path: '/folders/operations/{operation_id}',
    drive,
    operationId: 'getFolderOperation',
    tag,
    summary: 'How far the move or the deletion of a folder is',
    action: 'read',
    params: { operation_id: z.guid().describe('As PUT or DELETE …/folders answered it') },
    response: FolderOperation,
    handle: async ({ scope, params }) => ok(await operations.find(scope, params.operation_id)),
  }),
]
