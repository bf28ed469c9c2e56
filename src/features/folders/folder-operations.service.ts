import { v7 as uuidv7 } from 'uuid'
import { actorOf, type DriveScope } from '../../access/scope.ts'
import { PathTaken } from '../../assets/path-taken.ts'
import type { Store } from '../../db/store.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { fullFolderPath, longestPath, parseFolderPath } from '../../model/asset-path.ts'
import type { JobState } from '../../model/job-names.ts'
import type { Clock } from '../../ports/clock.ts'
import type { FolderOperationRow } from './folder-operations.repository.ts'
import { folderWork } from './folders.jobs.ts'
import type { FolderRepository } from './folders.repository.ts'
import type { FolderOperation } from './folders.schemas.ts'
import { assetsAtOnce, growthOf, workOnFolder, type WorkRepositories } from './work-on-folder.ts'

export type FolderOperationService = ReturnType<typeof createFolderOperationService>

interface Repositories extends WorkRepositories {
  readonly folders: FolderRepository
  readonly jobs: JobRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly clock: Clock
}
interface Order {
  readonly kind: 'move' | 'delete'
  readonly path: string
  readonly newPath: string | null
}

export function createFolderOperationService({ store, clock }: Needs) {
  /** A small folder is done in this very transaction, a large one by a job. Changes to a drive's folders take turns, so what was looked at holds until then. */
  const order = (scope: DriveScope<'edit'>, { kind, path, newPath }: Order): Promise<FolderOperation> =>
    store.transaction(async (tx) => {
      if (!(await tx.folders.lock(scope))) throw notFound('Drive')
      const { driveId, caller } = scope
      await nothingElseIsUnderWay(tx, scope, { path, newPath })
      const content = await tx.folders.content(scope, path)
      if (content.assets + content.folders === 0) throw notFound('Folder')
      if (newPath !== null) await fitsThere(tx, scope, { longest: content.longest + growthOf(path, newPath), newPath })

      const at = clock.now()
      const actorId = actorOf(caller)
      const operation = await tx.folderOperations.insert({ driveId, id: uuidv7(), kind, path, newPath, state: 'NOT_STARTED', total: content.assets, done: 0, actorId, createdAt: at, updatedAt: at })
      if (newPath === null) await tx.folders.deleteRows(scope, path)
      else await tx.folders.moveRows(scope, path, newPath)
      await tx.activity.add({
        driveId,
        caller,
        action: newPath === null ? 'folder.deleted' : 'folder.moved',
        before: { path: fullFolderPath(driveId, path) },
        ...(newPath !== null && { after: { path: fullFolderPath(driveId, newPath) } }),
        at,
      })
      const begun = content.assets > assetsAtOnce ? operation : await doAtOnce(tx, operation, at)
      if (begun.state !== 'COMPLETED') await tx.jobs.enqueue(folderWork, { drive_id: driveId, operation_id: operation.id }, `folder:${operation.id}`)
      return presentOperation(begun)
    })

  return {
    move: async (scope: DriveScope<'edit'>, { path: from, new_path: to }: { readonly path: string; readonly new_path: string }): Promise<FolderOperation> => {
      const path = belowRoot(parseFolderPath(from, scope.driveId, ['body', 'path']), ['body', 'path'])
      const newPath = belowRoot(parseFolderPath(to, scope.driveId, ['body', 'new_path']), ['body', 'new_path'])
      if (newPath === path) throw invalid({ loc: ['body', 'new_path'], msg: 'must be another path than the folder has', type: 'conflicting' })
      if (newPath.startsWith(path)) throw invalid({ loc: ['body', 'new_path'], msg: 'must not lie in the folder itself', type: 'conflicting' })
      return order(scope, { kind: 'move', path, newPath }).catch((error: unknown) => {
        if (error instanceof PathTaken) throw conflict(taken)
        throw error
      })
    },

    delete: async (scope: DriveScope<'edit'>, path: string): Promise<FolderOperation> =>
      order(scope, { kind: 'delete', path: belowRoot(parseFolderPath(path, scope.driveId), ['query', 'path']), newPath: null }),

    async find(scope: DriveScope<'read'>, id: string): Promise<FolderOperation> {
      const operation = await store.folderOperations.find(scope, id)
      if (!operation) throw notFound('Operation')
      return presentOperation(operation)
    },
  }
}

const taken = 'Something lies at new_path already: folders are not merged'

function belowRoot(path: string, loc: readonly string[]): string {
  if (path === '/') throw invalid({ loc, msg: 'must name a folder: the root of a drive can be neither moved nor deleted', type: 'format' })
  return path
}

/** Two at once on one tree would take each other's assets. */
async function nothingElseIsUnderWay({ folderOperations }: Repositories, scope: DriveScope<'edit'>, wanted: Pick<Order, 'path' | 'newPath'>) {
  const placesOf = ({ path, newPath }: Pick<Order, 'path' | 'newPath'>) => (newPath === null ? [path] : [path, newPath])
  const open = (await folderOperations.open(scope)).flatMap(placesOf)
  if (placesOf(wanted).some((ours) => open.some((theirs) => ours.startsWith(theirs) || theirs.startsWith(ours))))
    throw conflict('A move or deletion of this folder, or of one above or below it, is under way: wait for its end')
}

async function fitsThere({ folders }: Repositories, scope: DriveScope<'edit'>, { longest, newPath }: { readonly longest: number; readonly newPath: string }) {
  if (longest > longestPath) throw invalid({ loc: ['body', 'new_path'], msg: `must be shorter: a path below it would have more than ${longestPath} bytes`, type: 'length' })
  if ((await folders.exists(scope, newPath)) || (await folders.isAsset(scope, newPath))) throw conflict(taken)
}

/** Exactly as many as one step takes need a second one, which finds the end. */
async function doAtOnce(tx: Repositories, operation: FolderOperationRow, at: Date): Promise<FolderOperationRow> {
  const first = await workOnFolder(tx, operation, { at, includesNew: true })
  return first.state === 'COMPLETED' ? first : workOnFolder(tx, first, { at, includesNew: true })
}

const presentOperation = (row: FolderOperationRow): FolderOperation => ({
  id: row.id,
  kind: row.kind as FolderOperation['kind'], // both kept by constraints
  path: fullFolderPath(row.driveId, row.path),
  new_path: row.newPath === null ? null : fullFolderPath(row.driveId, row.newPath),
  state: row.state as JobState,
  total: row.total,
  done: row.done,
  error: row.error,
  created: row.createdAt.toISOString(),
  updated: row.updatedAt.toISOString(),
})
