import type { ActivityRepository } from '../../activity/activity.repository.ts'
import { actorOf, type DriveScope } from '../../access/scope.ts'
import { PathTaken } from '../../assets/path-taken.ts'
import type { PathRepository } from '../../assets/paths.repository.ts'
import type { Store } from '../../db/store.ts'
import { conflict } from '../../errors.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { type AssetPath, extensionOf, fullPath } from '../../model/asset-path.ts'
import { assetTypeOf } from '../../model/asset-type.ts'
import type { NewObject, ObjectRepository } from '../../objects/objects.repository.ts'
import { inspectAsset } from './ingest.jobs.ts'
import type { IngestRepository } from './ingest.repository.ts'

interface Repositories {
  readonly ingest: IngestRepository
  readonly paths: PathRepository
  readonly objects: ObjectRepository
  readonly jobs: JobRepository
  readonly activity: ActivityRepository
}
export type PlacingStore = Store<Repositories>

/** A file that lies in the store, reserved, with no asset yet. */
export interface SentFile {
  readonly assetId: string
  readonly objectId: string
  readonly contentType: string
  /** SHA-256; null where the bytes came past us, or were not looked at: the inspection then makes it. */
  readonly contentHash: Buffer | null
  readonly size: number
  /** The file's own time of change, where it had one. */
  readonly modified: Date | null
  /** In place of a reservation: the object was not sent by us, and nobody may have taken it over before. */
  readonly takeOver?: NewObject
  readonly at: Date
}

interface Placing {
  readonly sent: SentFile
  readonly directory: string
  /** To be tried in this order. */
  readonly names: Iterable<string>
}

/** `same`: another upload of this very content was there first. `taken`: by other content, under every name; `id` is who has the last of them. */
export type Placement =
  | { readonly state: 'placed' | 'same'; readonly id: string; readonly path: AssetPath }
  | { readonly state: 'taken'; readonly id: string | null }

/** Makes what was sent an asset, under the first of the names that is free, unless one of those before it has the same content. */
export async function placeAsset(store: PlacingStore, scope: DriveScope<'edit'>, { sent, directory, names }: Placing): Promise<Placement> {
  let id: string | null = null
  for (const name of names) {
    const path = { directory, name }
    if (await placeAt(store, scope, { sent, path })) return { state: 'placed', id: sent.assetId, path }
    const holder = await store.paths.holder(scope, path) // none where it was deleted since: then the next name will do
    id = holder?.id ?? null
    if (sent.contentHash && holder?.sizeBytes === sent.size && holder.contentHash?.equals(sent.contentHash)) return { state: 'same', id: holder.id, path }
  }
  return { state: 'taken', id }
}

/** In one transaction with the job that will look at it; false where the path is taken. */
async function placeAt(store: PlacingStore, scope: DriveScope<'edit'>, { sent, path }: { readonly sent: SentFile; readonly path: AssetPath }): Promise<boolean> {
  const { driveId, caller } = scope
  const { assetId, objectId, contentType, contentHash, size, modified, at } = sent
  const extension = extensionOf(path.name)
  const asset = { ...path, id: assetId, extension, type: assetTypeOf(extension, undefined), sourceObjectId: objectId, sizeBytes: size, contentType, contentHash }
  try {
    await store.transaction(async (tx) => {
      if (sent.takeOver && !(await tx.objects.takeOver(driveId, sent.takeOver, at))) throw conflict('This object is an asset already')
      if (!(await tx.objects.store(driveId, [{ id: objectId, size }]))) throw conflict('The drive was deleted, or the upload took longer than a day')
      await tx.ingest.insert(scope, { ...asset, sourceModifiedAt: modified, createdBy: actorOf(caller), at })
      await tx.activity.add({ driveId, caller, action: 'asset.created', assetId, after: { path: fullPath(driveId, path), size_bytes: size }, at })
      await tx.jobs.enqueue(inspectAsset, { drive_id: driveId, asset_id: assetId }, `inspect:${assetId}`)
    })
    return true
  } catch (error) {
    if (error instanceof PathTaken) return false
    throw error
  }
}
