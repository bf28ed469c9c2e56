import type { DriveScope } from '../../access/scope.ts'
import type { Store } from '../../db/store.ts'
import { AppError, notFound, pathTaken } from '../../errors.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import type { AssetPath } from '../../model/asset-path.ts'
import type { OnTaken } from '../../model/on-taken.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import type { Lease } from './upload-lease.ts'
import { finishKey } from './uploads.jobs.ts'
import { sourceOf, type UploadRepository, type UploadRow } from './uploads.repository.ts'

interface Sent {
  readonly assetId: string
  readonly objectId: string
  readonly contentType: string
  readonly contentHash: null
  readonly size: number
  readonly modified: null
  readonly at: Date
}
/** Makes what lies in the store, reserved, an asset. */
export type PlaceSource = (
  scope: DriveScope<'edit'>,
  sent: Sent,
  order: { readonly path: AssetPath; readonly onConflict: OnTaken },
) => Promise<{ readonly state: 'placed' | 'same' } | { readonly state: 'taken'; readonly id: string | null }>

/** What ends an upload as an asset writes to. */
export interface FinishingRepositories {
  readonly uploads: UploadRepository
  readonly objects: ObjectRepository
  readonly jobs: JobRepository
}
interface Needs {
  readonly store: Store<FinishingRepositories>
  readonly storage: ObjectStorage
  readonly clock: Clock
  readonly place: PlaceSource
}

export type FinishUpload = ReturnType<typeof createFinishUpload>

/** All bytes are there: they become an asset. Whoever does it again after a kill goes on where it was. Throws `conflict` where the path is taken. */
export function createFinishUpload({ store, storage, clock, place }: Needs) {
  async function becomeAsset(scope: DriveScope<'edit'>, upload: UploadRow) {
    const { driveId, id, contentType, sizeBytes: size, storeUploadId, assetId, directory, name } = upload
    const key = sourceOf(upload)
    await store.objects.reserve(driveId, [{ id, kind: 'source', key, contentType }], clock.now())
    await storage.resumable.complete(key, storeUploadId, { contentType, size })
    const sent = { assetId, objectId: id, contentType, contentHash: null, size, modified: null, at: clock.now() }
    const placed = await place(scope, sent, { path: { directory, name }, onConflict: upload.onConflict as OnTaken }) // by its constraint
    if (placed.state === 'taken') throw pathTaken(placed.id)
  }

  return async function finish(scope: DriveScope<'edit'>, { upload, owner }: Pick<Lease, 'upload' | 'owner'>): Promise<void> {
    const { driveId, id } = upload
    try {
      if (!(await store.uploads.hasAsset(upload))) await becomeAsset(scope, upload)
    } catch (error) {
      if (!isDriveGone(error) || (await store.uploads.exists(upload))) throw error
      // The purge may have been through before the bytes were at their place.
      await storage.resumable.abort(sourceOf(upload), upload.storeUploadId)
      await storage.delete([sourceOf(upload)])
      throw notFound('Drive')
    }
    await store.transaction(async (tx) => {
      if (await tx.uploads.finish({ driveId, id, owner })) await tx.jobs.cancel(finishKey(id))
    })
  }
}

/** Its rows go with it: then there is nothing to reserve for, or to store in. */
const isDriveGone = (error: unknown) => error instanceof AppError && (error.code === 'not_found' || error.code === 'conflict')
