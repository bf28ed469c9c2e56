import { randomUUID } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { realpath, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { ObjectHead, ObjectStorage, OpenedObject, OpenOptions } from '../../ports/object-storage.ts'
import { noObject, objectChanged, positionsOf } from '../object-faults.ts'
import { assertObjectKey } from '../object-key.ts'
import { asked, diskFault, isAbsent } from './local-disk.errors.ts'
import { expectRoot, type Folder, openFolder, openStored, pathOf, tidyAbove } from './local-disk.folder.ts'
import { listFolder } from './local-disk.list.ts'
import { multipartIn } from './local-disk.multipart.ts'
import { resumableIn } from './local-disk.resumable.ts'
import { sweepFolder } from './local-disk.sweep.ts'
import { copySynced, pour, writeSynced, writeWhole } from './local-disk.write.ts'

export interface LocalDiskParts {
  /** Made when it does not exist; nothing but the store writes to it. */
  readonly root: string
  readonly links: Pick<LinkSigner, 'get' | 'put'>
}

/** Objects as files below one folder, each at the path that its key says. */
export function createLocalDisk({ root, links }: LocalDiskParts): ObjectStorage {
  const folder = openFolder(root)
  return {
    open: async (key, options = {}) => openObject(folder, pathOf(folder, key), options),

    async head(key, signal) {
      const path = pathOf(folder, key)
      signal?.throwIfAborted()
      const found = await openStored(folder, path)
      await found?.handle.close()
      return found?.head
    },

    put: async (key, body, { signal }) => putObject(folder, pathOf(folder, key), { body, signal }),
    multipart: multipartIn(folder),
    resumable: resumableIn(folder),

    async copy(from, to) {
      const source = pathOf(folder, from)
      return writeWhole(folder, { path: pathOf(folder, to), make: (temp) => copySynced(source, temp) })
    },

    list: (prefix, { after = '', limit = Infinity } = {}) => listFolder(folder, { prefix, after, limit }),

    async delete(keys) {
      for (const path of keys.map((key) => pathOf(folder, key))) await removeObject(folder, path)
    },

    async signGet(key, link) {
      assertObjectKey(key)
      return links.get(key, link)
    },

    async signPut(key, link) {
      assertObjectKey(key)
      return links.put(key, link)
    },

    localPath: (key) => withoutSymlink(pathOf(folder, key)),

    async check(signal) {
      signal.throwIfAborted()
      const probe = join(folder.temp, randomUUID())
      await writeWhole(folder, { path: probe, make: (temp) => writeSynced(temp, (file) => pour(Buffer.from('check'), file)) })
      await asked(rm(probe, { force: true }))
    },

    sweep: () => asked(sweepFolder(folder)),
  }
}

/** One handle answers for bytes, size and etag, so that they belong together however often the object is replaced meanwhile. */
async function openObject(folder: Folder, path: string, { range, ifMatch, signal }: OpenOptions): Promise<OpenedObject | undefined> {
  signal?.throwIfAborted()
  const found = await openStored(folder, path)
  if (!found) return undefined
  const { handle, head } = found
  try {
    signal?.throwIfAborted()
    if (ifMatch !== undefined && ifMatch !== head.etag) throw objectChanged()
    const positions = positionsOf(range, head.size)
    // An empty file is read up to position 0 too: -1 is none to a stream. The stream closes the handle, read or destroyed.
    const body = handle.createReadStream({ start: positions.start, end: Math.max(positions.end, 0), highWaterMark: 256 * 1024 })
    return { ...head, range: positions, body: signal ? addAbortSignal(signal, body) : body }
  } catch (error) {
    await handle.close()
    throw error
  }
}

interface Content {
  readonly body: Readable | Buffer
  readonly signal: AbortSignal | undefined
}

async function putObject(folder: Folder, path: string, { body, signal }: Content): Promise<ObjectHead> {
  // It may fail before the first read, when nobody listens yet; reading then throws what happened.
  if (body instanceof Readable) body.on('error', () => undefined)
  try {
    signal?.throwIfAborted()
    return await writeWhole(folder, { path, signal, make: (temp) => writeSynced(temp, (file) => pour(body, file, signal)) })
  } finally {
    if (body instanceof Readable) body.destroy()
  }
}

async function removeObject(folder: Folder, path: string): Promise<void> {
  try {
    if ((await realpath(dirname(path))) !== dirname(path)) return // behind a symlink: not ours
    await unlink(path)
  } catch (error) {
    if (!isAbsent(error)) throw diskFault(error)
    await expectRoot(folder)
  }
  await tidyAbove(folder, path)
}

/** The path need not exist, but where it does no symlink may stand in it: media tools would follow. */
function withoutSymlink(path: string): string {
  let real = path
  try {
    real = realpathSync.native(path)
  } catch (error) {
    if (!isAbsent(error)) throw diskFault(error)
  }
  if (real !== path) throw noObject()
  return path
}
