import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { isNotFound, noUpload } from '../object-faults.ts'
import { asked, diskFault, isAbsent } from './local-disk.errors.ts'
import { expectRoot, type Folder, makeOwn, pathOf, removeTree } from './local-disk.folder.ts'
import { pour, writeSynced } from './local-disk.write.ts'

// An upload is the folder `.multipart/<id>`, whichever way its bytes come.

const uploadIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Lies beside the bytes and says which object they are for. */
const keyFile = 'key'

export async function startUpload(folder: Folder, key: string): Promise<{ readonly uploadId: string; readonly path: string }> {
  pathOf(folder, key)
  const uploadId = randomUUID()
  const path = join(folder.multipart, uploadId)
  await makeOwn(folder, folder.multipart)
  await asked(mkdir(path, { mode: 0o700 }))
  await writeSynced(join(path, keyFile), (file) => pour(Buffer.from(key), file))
  return { uploadId, path }
}

/** The upload's folder; throws `not_found` for one that is over, or that is another object's. */
export async function uploadOf(folder: Folder, key: string, uploadId: string): Promise<string> {
  if (!uploadIdPattern.test(uploadId)) throw noUpload()
  const path = join(folder.multipart, uploadId)
  try {
    if ((await readFile(join(path, keyFile), 'utf8')) === key) return path
  } catch (error) {
    if (!isAbsent(error)) throw diskFault(error)
    await expectRoot(folder)
  }
  throw noUpload()
}

/** Gone in one step: first out of the way, then removed. */
export async function discard(folder: Folder, path: string): Promise<void> {
  const aside = join(folder.temp, randomUUID())
  await makeOwn(folder, folder.temp)
  try {
    await rename(path, aside)
  } catch (error) {
    if (isAbsent(error)) return
    throw diskFault(error)
  }
  await removeTree(aside)
}

/** Idempotent. */
export async function abortUpload(folder: Folder, key: string, uploadId: string): Promise<void> {
  try {
    await discard(folder, await uploadOf(folder, key, uploadId))
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
