import { v5 as uuidv5 } from 'uuid'
import type { DriveScope } from '../../access/scope.ts'
import { AppError, conflict, notFound } from '../../errors.ts'
import { type AssetPath, fullPath } from '../../model/asset-path.ts'
import { contentTypeOf } from '../../model/content-type.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectHead, ObjectStorage } from '../../ports/object-storage.ts'
import type { IngestRepository } from './ingest.repository.ts'
import type { IngestedFile, IngestService, OnConflict } from './ingest.service.ts'

export type LinkObject = ReturnType<typeof createLinkObjectService>

interface Needs {
  readonly store: { readonly objects: ObjectRepository; readonly ingest: IngestRepository }
  readonly storage: Pick<ObjectStorage, 'head'>
  readonly clock: Clock
  readonly place: IngestService['place']
}

export interface LinkOrder {
  readonly key: string
  readonly path: AssetPath
  readonly onConflict: OnConflict
}

/** Of linked keys: the row of such an object has the same id whoever writes it, so that a drive links to it once. */
const namespace = '0b9a3f0c-3f0e-4d55-8a67-52c1d8e8a7f4'

/** What is stored under these keys is ours: an asset of it would be the asset of another. */
export const isOurs = (key: string) => `${key}/`.startsWith('drives/')

/** Objects of somebody else's become assets where they lie. Their bytes are read, and never written or deleted. */
export function createLinkObjectService({ store, storage, clock, place }: Needs) {
  async function headOf(key: string): Promise<ObjectHead> {
    if (isOurs(key)) throw new AppError('malformed', 'Keys below drives/ are the server’s own: they are assets already, or none of anybody’s')
    const head = await storage.head(key)
    if (!head) throw notFound('Object')
    return head
  }

  /** Undefined where no asset has this source. */
  async function linkedBefore(scope: DriveScope<'edit'>, objectId: string): Promise<IngestedFile | undefined> {
    const asset = await store.ingest.ofSource(scope, objectId)
    if (asset?.deletedAt) throw conflict(`Its asset ${asset.id} is in the trash: restore it from there, or purge it`)
    return asset && { state: 'skipped', reason: 'unchanged', assetId: asset.id, path: fullPath(scope.driveId, asset) }
  }

  /** Skips what the drive links to already, under whatever path. */
  return async function linkObject(scope: DriveScope<'edit'>, { key, path, onConflict }: LinkOrder): Promise<IngestedFile> {
    const { driveId } = scope
    const { size, modified } = await headOf(key)
    const objectId = uuidv5(key, namespace)
    const before = await linkedBefore(scope, objectId)
    if (before) return before
    const contentType = contentTypeOf(path.name)
    const takeOver = { id: objectId, kind: 'source', key, contentType, isOwned: false } as const
    const sent = { assetId: store.objects.newId(), objectId, takeOver, contentType, contentHash: null, size, modified, at: clock.now() }
    try {
      const placed = await place(scope, sent, { path, onConflict: onConflict === 'skip' ? 'refuse' : onConflict })
      if (placed.state === 'taken') return { state: 'skipped', reason: 'conflict', assetId: placed.id, path: fullPath(driveId, path) }
      return { state: 'uploaded', assetId: placed.id, path: fullPath(driveId, placed.path) }
    } catch (error) {
      const meanwhile = error instanceof AppError && error.code === 'conflict' ? await linkedBefore(scope, objectId) : undefined
      if (meanwhile) return meanwhile
      throw error
    }
  }
}
