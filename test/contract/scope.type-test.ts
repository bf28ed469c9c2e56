import { z } from 'zod'
import type { AssetScope, DriveScope } from '../../src/access/scope.ts'
import type { AssetService } from '../../src/features/assets/assets.service.ts'
import type { DriveService } from '../../src/features/drives/drives.service.ts'
import { assetRoute, ok } from '../../src/http/define-route.ts'

// Compiled, never run: what must not compile is marked so.
declare const assets: AssetService
declare const drives: DriveService
declare const editor: AssetScope<'edit'>
declare const metadataViewer: AssetScope<'read_metadata'>
declare const driveViewer: DriveScope<'read'>

void assets.get(editor)
// @ts-expect-error who may read metadata may not read
void assets.get(metadataViewer)
// @ts-expect-error a drive's scope is not an asset's
void assets.get(driveViewer)
// @ts-expect-error what was shown of one asset shows nothing of its drive
void drives.get(editor)
// @ts-expect-error an asset id is not a scope
void assets.get({ assetId: 'a', driveId: 'd' })
// @ts-expect-error a viewer does not rename a drive
void drives.rename(driveViewer, 'x')

const route = { method: 'GET', path: '', operationId: 'x', tag: 'x', summary: 'x', response: z.string() } as const
// @ts-expect-error a route that asks for less cannot call what needs more
assetRoute({ ...route, action: 'read_metadata', handle: async ({ scope }) => ok((await assets.get(scope)).id) })
// @ts-expect-error a handler answers what its route describes
assetRoute({ ...route, action: 'read', handle: async ({ scope }) => ok(await assets.get(scope)) })
