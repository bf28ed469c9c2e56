import { isOurs } from '../features/ingest/link-object.service.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import { type Found, type FoundFile, isUnwanted } from './find-files.ts'

/** Objects of the bucket by their keys; `folder/` is all that lies below it, without its own name. What is no file of anybody's there is passed over, as on a disk. */
export async function findObjects(storage: Pick<ObjectStorage, 'list'>, keys: readonly string[]): Promise<Found> {
  const files = new Map<string, FoundFile>()
  const failed: { file: string; reason: string }[] = []
  for (const key of keys) {
    if (files.has(key)) continue // found below another: an object has one place
    if (!key.endsWith('/')) files.set(key, { file: key, relative: key.slice(key.lastIndexOf('/') + 1), size: 0, modifiedMs: 0 })
    else if (isOurs(key)) failed.push({ file: key, reason: 'What lies below drives/ is the server’s own' })
    else if (!(await addBelow(storage, key, files))) failed.push({ file: key, reason: 'Nothing lies below it' })
  }
  return { files: [...files.values()], failed, passedOver: [] }
}

async function addBelow(storage: Pick<ObjectStorage, 'list'>, prefix: string, files: Map<string, FoundFile>): Promise<boolean> {
  let isAnyThere = false
  for await (const { key, size, modified } of storage.list(prefix)) {
    const relative = key.slice(prefix.length)
    // Consoles of S3 servers write an empty object `folder/` for a folder.
    if (relative === '' || relative.endsWith('/') || relative.split('/').some(isUnwanted)) continue
    isAnyThere = true
    if (!files.has(key)) files.set(key, { file: key, relative, size, modifiedMs: modified.getTime() })
  }
  return isAnyThere
}
