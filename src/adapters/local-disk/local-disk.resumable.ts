import { constants, createReadStream } from 'node:fs'
import { copyFile, mkdir, open, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { Append, ObjectHead, Resumable } from '../../ports/object-storage.ts'
import { bytesMissing, isNotFound } from '../object-faults.ts'
import { appendTo } from './local-disk.append.ts'
import { asked, diskFault } from './local-disk.errors.ts'
import { type Folder, headOf, openStored, pathOf, publish, syncFolder } from './local-disk.folder.ts'
import { endOf, letGo, newTurn, openAt, openSegment, type Segment, segmentsIn, startSegment, takeTurn } from './local-disk.turn.ts'
import { abortUpload, discard, startUpload, uploadOf } from './local-disk.upload.ts'
import { pour } from './local-disk.write.ts'

const writing = constants.O_RDWR | constants.O_NOFOLLOW

/** The bytes grow in the upload's folder, and in the end move from there to their place: none is written twice, unless a writer was killed. */
export function resumableIn(folder: Folder): Resumable {
  return {
    async start(key) {
      const { uploadId, path } = await startUpload(folder, key)
      const turn = newTurn(path)
      await asked(mkdir(turn, { mode: 0o700 }))
      await startSegment(turn)
      // The bytes of an append survive a power cut with the folders that name their file.
      for (const each of [turn, path, folder.multipart]) await asked(syncFolder(each))
      return uploadId
    },

    async append(key, uploadId, append) {
      append.body.on('error', () => undefined) // may come before the first read, which then throws it, or after the last
      const turn = await takeTurn(await uploadOf(folder, key, uploadId))
      return await appendInto(await openAt(turn, append.offset), append)
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

/** Whoever has lost the turn meanwhile has written where nobody looks, and throws `locked`. */
async function appendInto(segment: Segment, append: Append): Promise<number> {
  const file = await openSegment(segment, writing)
  try {
    return await appendTo(file, append, segment.start)
  } finally {
    await asked(file.close())
    await letGo(segment)
  }
}

async function completeUpload(folder: Folder, key: string, { uploadId, size }: { readonly uploadId: string; readonly size: number }): Promise<ObjectHead> {
  const upload = await uploadOf(folder, key, uploadId)
  const turn = await takeTurn(upload)
  const segments = await segmentsIn(turn)
  const [first, ...others] = segments
  if ((await endOf(others.at(-1) ?? first)) !== size) throw bytesMissing()
  const whole = others.length > 0 || first.isOpen ? await joined(turn, segments, size) : first
  const head = await synced(whole)
  if (head.size !== size) throw bytesMissing()
  await publish(folder, whole.path, pathOf(folder, key))
  await discard(folder, upload)
  return head
}

/** Within the turn's folder: whoever has lost the turn has nothing to put at the object's place. */
async function joined(turn: string, segments: readonly [Segment, ...Segment[]], size: number): Promise<Segment> {
  const path = join(turn, 'joined')
  try {
    await rm(path, { force: true })
    // Within the kernel, and without copying where the file system can share blocks (XFS, Btrfs).
    await copyFile(segments[0].path, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await truncate(path, segments[1]?.start ?? size)
    for (const [index, { path: from, start }] of segments.entries()) if (index > 0) await addTo(path, from, (segments[index + 1]?.start ?? size) - start)
  } catch (error) {
    throw diskFault(error)
  }
  return { path, start: 0, isOpen: false }
}

async function addTo(path: string, from: string, length: number): Promise<void> {
  if (length === 0) return
  const file = await open(path, 'a')
  try {
    await pour(createReadStream(from, { end: length - 1, highWaterMark: 1 << 20 }), file)
  } finally {
    await file.close()
  }
}

async function synced(segment: Segment): Promise<ObjectHead> {
  const file = await openSegment(segment, writing)
  try {
    await asked(file.sync())
    return headOf(await asked(file.stat({ bigint: true })))
  } finally {
    await asked(file.close())
  }
}

async function storedHead(folder: Folder, key: string): Promise<ObjectHead | undefined> {
  const stored = await openStored(folder, pathOf(folder, key))
  await stored?.handle.close()
  return stored?.head
}
