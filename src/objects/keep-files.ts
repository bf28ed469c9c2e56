import { createReadStream } from 'node:fs'
import { AppError } from '../errors.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { NewObject, ObjectRepository } from './objects.repository.ts'

interface Needs {
  readonly store: { readonly objects: ObjectRepository }
  readonly storage: ObjectStorage
}
interface Outgoing {
  readonly driveId: string
  readonly files: readonly { readonly file: string; readonly object: NewObject }[]
  readonly at: Date
  readonly signal: AbortSignal
}
export type StoredSize = { readonly id: string; readonly size: number }

/**
 * Files become objects: reserved, sent, then stored by `refer`, in the transaction that makes something refer to them. Where that refuses,
 * nothing of them stays; after a fault of the database they may be referred to all the same, and the sweep will tell.
 */
export async function keepFiles<T>({ store, storage }: Needs, { driveId, files, at, signal }: Outgoing, refer: (sizes: readonly StoredSize[]) => Promise<T>): Promise<T> {
  await store.objects.reserve(driveId, files.map((each) => each.object), at)
  const sizes: StoredSize[] = []
  for (const { file, object } of files) {
    const { size } = await storage.put(object.key, createReadStream(file, { signal }), { contentType: object.contentType, signal })
    sizes.push({ id: object.id, size })
  }
  try {
    return await refer(sizes)
  } catch (error) {
    if (error instanceof AppError) {
      await storage.delete(files.map((each) => each.object.key))
      for (const { object } of files) await store.objects.forget(driveId, object.id)
    }
    throw error
  }
}
