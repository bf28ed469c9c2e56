import type { ObjectStorage } from '../ports/object-storage.ts'
import type { ObjectRepository } from './objects.repository.ts'

interface Needs {
  readonly store: { readonly objects: ObjectRepository }
  readonly storage: ObjectStorage
}
interface Unreferenced {
  readonly driveId: string
  readonly id: string
  readonly key: string
  readonly isOwned: boolean
}

/**
 * An object that nobody refers to. Claimed first, so that nothing can come to refer to it; then the bytes, then the row: what is cut off in between
 * still stands in the table, and the sweep finds it. One that somebody refers to by now stays.
 */
export async function removeObject({ store, storage }: Needs, { driveId, id, key, isOwned }: Unreferenced): Promise<void> {
  if (!(await store.objects.claim(driveId, id))) return
  if (isOwned) await storage.delete([key])
  await store.objects.forget(driveId, id)
}
