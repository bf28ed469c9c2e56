import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../errors.ts'
import type { Multipart, ObjectHead, StoredPart } from '../../ports/object-storage.ts'
import { assertPlausibleParts, isPartNumber, minPartBytes, noUpload, partsDoNotFit } from '../object-faults.ts'
import { asked, diskFault, isAbsent } from './local-disk.errors.ts'
import { expectRoot, type Folder, makeOwn, openFile, pathOf, removeTree, syncFolder } from './local-disk.folder.ts'
import { pour, writeSynced, writeWhole } from './local-disk.write.ts'

const uploadIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const partPattern = /^[1-9]\d{0,4}$/
/** Lies beside the parts and says which object they are for. */
const keyFile = 'key'

/** An upload is the folder `.multipart/<id>`, and a part the file `<number>` in it. */
export function multipartIn(folder: Folder): Multipart {
  return {
    async start(key) {
      pathOf(folder, key)
      const uploadId = randomUUID()
      const path = join(folder.multipart, uploadId)
      await makeOwn(folder, folder.multipart)
      await asked(mkdir(path, { mode: 0o700 }))
      await writeSynced(join(path, keyFile), (file) => pour(Buffer.from(key), file))
      return uploadId
    },

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

    async abort(key, uploadId) {
      try {
        await discard(folder, await uploadOf(folder, key, uploadId))
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'not_found')) throw error
      }
    },
  }
}

const storedPart = (number: number, { size, etag }: ObjectHead): StoredPart => ({ number, size, etag })

/** The upload's folder; throws `not_found` for one that is over, or that is another object's. */
async function uploadOf(folder: Folder, key: string, uploadId: string): Promise<string> {
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

/** Gone in one step: first out of the way, then removed. */
async function discard(folder: Folder, path: string): Promise<void> {
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
