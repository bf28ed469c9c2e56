import { z } from 'zod'
import { actorOf, type DriveScope } from '../../access/scope.ts'
import type { Store } from '../../db/store.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import { fullFolderPath, parseFolderPath } from '../../model/asset-path.ts'
import { type Cursors, type Page, pageBy } from '../../model/cursor.ts'
import type { Clock } from '../../ports/clock.ts'
import type { FolderRepository, FolderRow } from './folders.repository.ts'
import type { Folder } from './folders.schemas.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'

export type FolderService = ReturnType<typeof createFolderService>

interface Needs {
  readonly store: Store<{ readonly folders: FolderRepository; readonly activity: ActivityRepository }>
  readonly cursors: Cursors
  readonly clock: Clock
}

const byPath = { schema: z.string(), positionOf: ({ path }: FolderRow) => path }

export function createFolderService({ store, cursors, clock }: Needs) {
  return {
    async list(scope: DriveScope<'read'>, path: string, page: Page) {
      const directory = parseFolderPath(path, scope.driveId)
      return pageBy({ cursors, list: `folders ${scope.driveId} ${directory}`, page }, byPath, {
        read: (after, limit) => store.folders.list(scope, { directory, after, limit }),
        present: (row) => presentFolder(scope.driveId, row),
      })
    },

    async create(scope: DriveScope<'edit'>, text: string): Promise<Folder> {
      const { driveId, caller } = scope
      const path = parseFolderPath(text, driveId, ['body', 'path'])
      if (path === '/') throw invalid({ loc: ['body', 'path'], msg: 'must name a folder: the root of a drive is always there', type: 'format' })
      await store.transaction(async (tx) => {
        if (!(await tx.folders.lock(scope))) throw notFound('Drive')
        const at = clock.now()
        if (await tx.folders.isAsset(scope, path)) throw conflict('An asset has this path')
        if ((await tx.folders.exists(scope, path)) || !(await tx.folders.insert({ driveId, path, createdBy: actorOf(caller), createdAt: at }))) throw conflict('There is such a folder already')
        await tx.activity.add({ driveId, caller, action: 'folder.created', after: { path: fullFolderPath(driveId, path) }, at })
      })
      return presentFolder(driveId, { path, count: 0 })
    },
  }
}

const presentFolder = (driveId: string, { path, count }: FolderRow): Folder => ({
  path: fullFolderPath(driveId, path),
  name: path.split('/').at(-2) ?? '',
  asset_count: count,
})
