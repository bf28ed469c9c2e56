import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { PathRepository } from '../../assets/paths.repository.ts'
import { purgeAfter } from '../../assets/trash-time.ts'
import { freeName, fullPath } from '../../model/asset-path.ts'
import type { FolderAssetRepository, PlacedAsset } from './folder-assets.repository.ts'
import type { FolderOperationRepository, FolderOperationRow } from './folder-operations.repository.ts'

export interface WorkRepositories {
  readonly folderOperations: FolderOperationRepository
  readonly folderAssets: FolderAssetRepository
  readonly paths: PathRepository
  readonly activity: ActivityRepository
}

/** Assets that one transaction takes. */
export const assetsAtOnce = 1000

interface Doing {
  readonly at: Date
  /** False in a job, where time goes by: what was uploaded, moved or restored into the old folder after the order stays there. */
  readonly includesNew: boolean
}

/** One step of a move or a deletion, in the transaction that locked it. What is done lies below the folder no more, so a step that was cut off is repeated by itself. Throws `PathTaken` where an upload took one of the paths just now. */
export async function workOnFolder(tx: WorkRepositories, operation: FolderOperationRow, { at, includesNew }: Doing): Promise<FolderOperationRow> {
  const { driveId, path: directory, newPath, createdAt } = operation
  const growth = newPath === null ? 0 : Math.max(0, growthOf(directory, newPath))
  const found = await tx.folderAssets.lockSome(driveId, { directory, placedUntil: includesNew ? null : createdAt, growth, limit: assetsAtOnce })
  if (found.length > 0) await (newPath === null ? trash(tx, operation, { found, at }) : move(tx, { ...operation, newPath }, { found, at }))
  return tx.folderOperations.advance(operation, { done: found.length, isAtEnd: found.length < assetsAtOnce, at })
}

/** In bytes, of every path below it. */
export const growthOf = (path: string, newPath: string) => Buffer.byteLength(newPath) - Buffer.byteLength(path)

interface Step {
  readonly found: readonly PlacedAsset[]
  readonly at: Date
}

async function trash(tx: WorkRepositories, { driveId, actorId }: FolderOperationRow, { found, at }: Step) {
  await tx.folderAssets.trash(driveId, found.map((each) => each.id), { deleted: at, purgeAfter: purgeAfter(at) })
  const each = found.map((asset) => ({ assetId: asset.id, before: { path: fullPath(driveId, asset) }, after: null }))
  await tx.activity.addEach({ driveId, actorId, action: 'asset.deleted', at, each })
}

async function move(tx: WorkRepositories, { driveId, actorId, path, newPath }: FolderOperationRow & { readonly newPath: string }, { found, at }: Step) {
  const places = await beside(tx, driveId, found.map((each) => ({ ...each, directory: `${newPath}${each.directory.slice(path.length)}` })))
  await tx.folderAssets.move(driveId, places, at)
  const each = found.map((asset, index) => ({ assetId: asset.id, before: { path: fullPath(driveId, asset) }, after: { path: fullPath(driveId, places[index] ?? asset) } }))
  await tx.activity.addEach({ driveId, actorId, action: 'asset.moved', at, each })
}

/** The places, with another name where an upload has theirs: `name (2).mov`, which must be none of the others' either. */
async function beside(tx: WorkRepositories, driveId: string, places: readonly PlacedAsset[]): Promise<readonly PlacedAsset[]> {
  const taken = await tx.folderAssets.taken(driveId, places)
  if (taken.size === 0) return places
  const wanted = new Set(places.map((each) => `${each.directory}${each.name}`))
  const found: PlacedAsset[] = []
  for (const place of places) {
    const others = taken.has(place.id) ? await tx.paths.taken(driveId, place) : undefined
    const name = others ? freeName(place.name, (each) => others.has(each) || (each !== place.name && wanted.has(`${place.directory}${each}`))) : place.name
    wanted.add(`${place.directory}${name}`)
    found.push({ ...place, name })
  }
  return found
}
