import { constants } from 'node:fs'
import { type FileHandle, open, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectHead, Resumable } from '../../ports/object-storage.ts'
import { bytesMissing, isNotFound, noUpload } from '../object-faults.ts'
import { appendTo } from './local-disk.append.ts'
import { asked, diskFault, isAbsent } from './local-disk.errors.ts'
import { type Folder, headOf, openStored, pathOf, publish, syncFolder } from './local-disk.folder.ts'
import { abortUpload, discard, startUpload, uploadOf } from './local-disk.upload.ts'

/** Grows in the upload's folder, and in the end moves from there to its place: no byte is written twice. */
const wholeFile = 'whole'
const writing = constants.O_RDWR | constants.O_NOFOLLOW

export function resumableIn(folder: Folder): Resumable {
  return {
    async start(key) {
      const { uploadId, path } = await startUpload(folder, key)
      await asked(writeFile(join(path, wholeFile), '', { flag: 'wx', mode: 0o600 }))
      // The bytes of an append survive a power cut with the folders that name their file.
      for (const each of [path, folder.multipart]) await asked(syncFolder(each))
      return uploadId
    },

    async append(key, uploadId, append) {
      append.body.on('error', () => undefined) // may come before the first read, which then throws it
      try {
        const path = await uploadOf(folder, key, uploadId)
        await touch(path)
        return await within(path, (file) => appendTo(file, append))
      } finally {
        append.body.destroy()
      }
    },

    async complete(key, uploadId, { size }) {
      try {
        return await completeUpload(folder, key, { uploadId, size })
      } catch (error) {
        const stored = isNotFound(error) ? await storedHead(folder, key) : undefined
        if (stored?.size !== size) throw error
        await abortUpload(folder, key, uploadId) // its file went to its place, and then the process ended
        return stored
      }
    },

    abort: (key, uploadId) => abortUpload(folder, key, uploadId),
  }
}

async function completeUpload(folder: Folder, key: string, { uploadId, size }: { readonly uploadId: string; readonly size: number }): Promise<ObjectHead> {
  const path = await uploadOf(folder, key, uploadId)
  const head = await within(path, async (file) => {
    await asked(file.sync())
    return headOf(await asked(file.stat({ bigint: true })))
  })
  if (head.size !== size) throw bytesMissing()
  await publish(folder, join(path, wholeFile), pathOf(folder, key))
  await discard(folder, path)
  return head
}

/** Throws `not_found` once the file has gone to its place. */
async function within<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await found(open(join(path, wholeFile), writing))
  try {
    return await work(file)
  } finally {
    await asked(file.close())
  }
}

/** For the sweep, which looks at the folder: writing into a file in it leaves its time as it was. */
async function touch(path: string): Promise<void> {
  const now = new Date()
  await found(utimes(path, now, now))
}

async function found<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw isAbsent(error) ? noUpload() : diskFault(error)
  }
}

async function storedHead(folder: Folder, key: string): Promise<ObjectHead | undefined> {
  const stored = await openStored(folder, pathOf(folder, key))
  await stored?.handle.close()
  return stored?.head
}
