import { type BigIntStats, constants, mkdirSync, realpathSync } from 'node:fs'
import { type FileHandle, mkdir, open, realpath, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { conflict, unavailable } from '../../errors.ts'
import type { ObjectHead } from '../../ports/object-storage.ts'
import { assertObjectKey } from '../object-key.ts'
import { asked, codeOf, diskFault, isAbsent, isTaken } from './local-disk.errors.ts'

/** O_NONBLOCK: a named pipe that somebody left here must not hold a thread for ever. */
const readingOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** A deletion may tidy a folder away between making it and filling it; each loss needs another deletion. */
const publishAttempts = 100

/** The store's folder: `<root>/<key>` is an object; `.temp` and `.multipart` are ours, and no key begins with a dot. */
export interface Folder {
  readonly root: string
  readonly temp: string
  readonly multipart: string
}

export function openFolder(path: string): Folder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const root = realpathSync(path)
    return { root, temp: join(root, '.temp'), multipart: join(root, '.multipart') }
  } catch (error) {
    throw diskFault(error)
  }
}

/** To be asked where nothing was found: without the store's own folder, as when a mount is lost, that says nothing of an object. */
export async function expectRoot({ root }: Folder): Promise<void> {
  const isThere = (await stat(root).catch((cause: unknown) => Promise.reject(unavailable('The object store is not there', cause)))).isDirectory()
  if (!isThere) throw unavailable('The object store is not there', new Error('Its root is no folder'))
}

/** One of the store's own folders. The root is never made here: in place of a lost mount it would hide what is stored. */
export async function makeOwn(folder: Folder, path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    await expectRoot(folder)
    throw diskFault(error)
  }
}

/** Where the object is or would be; throws `malformed` for a key that could lead elsewhere. */
export function pathOf(folder: Folder, key: string): string {
  assertObjectKey(key)
  return join(folder.root, ...key.split('/'))
}

/** Changes whenever a file is replaced, since each comes with an inode and a time of its own. */
export const headOf = ({ size, mtimeNs, ino }: BigIntStats): ObjectHead => ({
  size: Number(size),
  etag: [size, mtimeNs, ino].map((each) => each.toString(36)).join('-'),
  modified: new Date(Number(mtimeNs / 1_000_000n)),
})

/** As `openFile`, of an object. */
export async function openStored(folder: Folder, path: string): ReturnType<typeof openFile> {
  const found = await openFile(path)
  if (!found) await expectRoot(folder)
  return found
}

/** A plain file that no symlink leads to, open for reading; `undefined` when there is none. What is asked of the handle belongs together. */
export async function openFile(path: string): Promise<{ readonly handle: FileHandle; readonly head: ObjectHead } | undefined> {
  let handle: FileHandle | undefined
  try {
    if ((await realpath(dirname(path))) !== dirname(path)) return undefined
    handle = await open(path, readingOnly)
    const stats = await handle.stat({ bigint: true })
    if (stats.isFile()) return { handle, head: headOf(stats) }
    await handle.close()
    return undefined
  } catch (error) {
    await handle?.close()
    if (isAbsent(error)) return undefined
    throw diskFault(error)
  }
}

/** Moves a finished file to its place and makes the move durable. */
export async function publish(folder: Folder, temp: string, path: string): Promise<void> {
  const parent = dirname(path)
  for (let attempt = 1; ; attempt += 1) {
    try {
      const stoodBefore = await makeFolder(folder, parent)
      await rename(temp, path)
      await syncUp(parent, stoodBefore)
      return
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || isTaken(error)) await expectRoot(folder)
      if (isTaken(error)) throw conflict('The object key is taken: it names a folder of other objects, or lies below an object')
      if (codeOf(error) !== 'ENOENT' || attempt === publishAttempts) throw diskFault(error)
    }
  }
}

/** Makes what is missing of `path`, and answers the deepest folder that stood before. Looks first: making would follow a symlink out of the store. */
async function makeFolder({ root }: Folder, path: string): Promise<string> {
  let standing = path
  for (;;) {
    const real = await realpath(standing).catch((error: unknown) => (codeOf(error) === 'ENOENT' && standing !== root ? undefined : Promise.reject(error)))
    if (real === standing) break
    if (real !== undefined) throw unavailable('The object store holds a symlink where a folder should be')
    standing = dirname(standing)
  }
  if (standing !== path) await mkdir(path, { recursive: true, mode: 0o700 })
  return standing
}

/** A rename and a new folder survive a power cut once the folders that name them are synced. */
async function syncUp(from: string, to: string): Promise<void> {
  for (let path = from; ; path = dirname(path)) {
    await syncFolder(path)
    if (path === to) return
  }
}

export async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    await handle.sync()
  } catch (error) {
    if (!isAbsent(error)) throw error // else tidied away: what was moved here has been deleted since
  } finally {
    await handle?.close()
  }
}

/** Removes folders that have become empty, from the object's own up. `rmdir` refuses one that is not, so nothing is lost to a put meanwhile. */
export async function tidyAbove(folder: Folder, path: string): Promise<void> {
  for (let parent = dirname(path); parent !== folder.root; parent = dirname(parent)) {
    try {
      await rmdir(parent)
    } catch (error) {
      if (!isAbsent(error)) return
    }
  }
}

export const removeTree = (path: string) => asked(rm(path, { recursive: true, force: true, maxRetries: 3 }))
