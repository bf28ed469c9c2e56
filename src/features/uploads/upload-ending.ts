import type { ObjectRepository } from '../../objects/objects.repository.ts'
import { removeObject } from '../../objects/remove-object.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { sourceOf, type UploadRepository, type UploadRow } from './uploads.repository.ts'

interface Needs {
  readonly store: { readonly uploads: UploadRepository; readonly objects: ObjectRepository }
  readonly storage: ObjectStorage
}

export type UploadEnding = ReturnType<typeof createUploadEnding>

export function createUploadEnding({ store, storage }: Needs) {
  /** All that it left in the store but the source of an asset; then the row, so that what is cut off is found again. */
  async function remove(upload: UploadRow): Promise<true> {
    const { driveId, id, state, storeUploadId } = upload
    const key = sourceOf(upload)
    if (state !== 'finished') await storage.resumable.abort(key, storeUploadId)
    if (state === 'received') await removeObject({ store, storage }, { driveId, id, key, isOwned: true })
    await store.uploads.delete(upload)
    return true
  }

  return {
    remove,

    /** Of a drive that is being deleted; whoever still writes one finds its row gone. */
    async removeAll(driveId: string, signal: AbortSignal) {
      for (;;) {
        const found = await store.uploads.ofDrive(driveId, 200)
        if (found.length === 0) return
        for (const upload of found) {
          signal.throwIfAborted()
          await remove(upload)
        }
      }
    },
  }
}
