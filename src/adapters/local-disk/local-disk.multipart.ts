import { randomUUID } from 'node:crypto'
import { type FileHandle, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../errors.ts'
import type { Multipart, ObjectHead, StoredPart } from '../../ports/object-storage.ts'
import { assertPlausibleParts, isPartNumber, minPartBytes, partsDoNotFit } from '../object-faults.ts'
import { asked, diskFault } from './local-disk.errors.ts'
import { type Folder, openFile, pathOf, syncFolder } from './local-disk.folder.ts'
import { abortUpload, discard, startUpload, uploadOf } from './local-disk.upload.ts'
import { pour, writeSynced, writeWhole } from './local-disk.write.ts'

const partPattern = /^[1-9]\d{0,4}$/

/** A part is the file `<number>` in the upload's folder. */
export function multipartIn(folder: Folder): Multipart {
  return {
    start: async (key) => (await startUpload(folder, key)).uploadId,

    async put(key, uploadId, { number, body, signal }) {
      if (!isPartNumber(number)) throw new AppError('malformed', 'A part has a number from 1 to 10,000')
      signal?.throwIfAborted()
      const path = await uploadOf(folder, key, uploadId)
      return storedPart(number, await replacePart(path, number, { body, signal }))
    },

    async list(key, uploadId) {
      const path = await uploadOf(folder, key, uploadId)
      const numbers = (await asked(readdir(path))).filter((name) => partPattern.test(name)).map(Number)
      const parts: StoredPart[] = []
      for (const number of numbers.sort((one, other) => one - other)) {
        const part = await openFile(join(path, String(number)))
        await part?.handle.close()
        if (part) parts.push(storedPart(number, part.head))
      }
      return parts
    },

    async complete(key, uploadId, parts) {
      assertPlausibleParts(parts)
      const path = await uploadOf(folder, key, uploadId)
      const head = await writeWhole(folder, { path: pathOf(folder, key), make: (temp) => writeSynced(temp, (file) => joinParts(path, parts, file)) })
      await discard(folder, path)
      return head
    },

    abort: (key, uploadId) => abortUpload(folder, key, uploadId),
  }
}

const storedPart = (number: number, { size, etag }: ObjectHead): StoredPart => ({ number, size, etag })

interface PartBody {
  readonly body: Buffer
  readonly signal: AbortSignal | undefined
}

/** A part that is sent again replaces the first; neither is ever seen half written. */
async function replacePart(path: string, number: number, { body, signal }: PartBody): Promise<ObjectHead> {
  const incoming = join(path, `${randomUUID()}.incoming`)
  try {
    const head = await writeSynced(incoming, (file) => pour(body, file))
    signal?.throwIfAborted()
    await asked(rename(incoming, join(path, String(number))))
    await asked(syncFolder(path))
    return head
  } catch (error) {
    await rm(incoming, { force: true }).catch(() => undefined) // goes with the upload's folder at the latest
    throw error
  }
}

/** Reads each part by one handle, so that the bytes are those whose etag was asked for, even if the part is being sent again. */
async function joinParts(path: string, parts: readonly StoredPart[], file: FileHandle): Promise<void> {
  for (const [index, { number, etag }] of parts.entries()) {
    const part = await openFile(join(path, String(number)))
    if (!part) throw partsDoNotFit()
    try {
      const isTooSmall = index < parts.length - 1 && part.head.size < minPartBytes
      if (part.head.etag !== etag || isTooSmall) throw partsDoNotFit()
      await pour(part.handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 }), file)
    } catch (error) {
      throw diskFault(error)
    } finally {
      await part.handle.close()
    }
  }
}
