import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import type { ObjectHead } from '../../ports/object-storage.ts'
import { noObject } from '../object-faults.ts'
import { asked, diskFault, isAbsent } from './local-disk.errors.ts'
import { type Folder, headOf, makeOwn, openFile, publish } from './local-disk.folder.ts'

export interface Whole {
  /** Where the object goes. */
  readonly path: string
  /** Makes it at the path given, complete and synced. */
  readonly make: (temp: string) => Promise<ObjectHead>
  readonly signal?: AbortSignal | undefined
}

/** The object appears with all its bytes on the disk, or not at all. */
export async function writeWhole(folder: Folder, { path, make, signal }: Whole): Promise<ObjectHead> {
  const temp = join(folder.temp, randomUUID())
  try {
    await makeOwn(folder, folder.temp)
    const head = await make(temp)
    signal?.throwIfAborted()
    await publish(folder, temp, path)
    return head
  } catch (error) {
    await rm(temp, { force: true }).catch(() => undefined) // sweep() takes what cannot be removed now
    throw error
  }
}

/** A new file, complete and on the disk when this answers. */
export async function writeSynced(path: string, write: (file: FileHandle) => Promise<void>): Promise<ObjectHead> {
  const file = await asked(open(path, 'wx', 0o600))
  try {
    await write(file)
    await asked(file.sync())
    return headOf(await asked(file.stat({ bigint: true })))
  } finally {
    await asked(file.close())
  }
}

/** Errors of the body are thrown as they are, an abort as the signal's reason, and only the disk's own as faults of the store. */
export async function pour(body: Readable | Buffer, file: FileHandle, signal?: AbortSignal): Promise<void> {
  if (!(body instanceof Readable)) return asked(file.writeFile(body))
  try {
    for await (const chunk of signal ? addAbortSignal(signal, body) : body) await asked(file.writeFile(chunk as Buffer)) // a Readable of bytes yields buffers
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** Within the kernel, and without copying where the file system can share blocks (XFS, Btrfs). */
export async function copySynced(from: string, to: string): Promise<ObjectHead> {
  const source = await openFile(from)
  if (!source) throw noObject()
  await source.handle.close()
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    const file = await open(to, 'r+')
    try {
      await file.sync()
      return headOf(await file.stat({ bigint: true }))
    } finally {
      await file.close()
    }
  } catch (error) {
    throw isAbsent(error) ? noObject() : diskFault(error)
  }
}
