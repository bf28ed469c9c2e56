import { createWriteStream } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { unavailable } from '../errors.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'

interface Fetch {
  readonly key: string
  /** A folder of the job's own, that goes with it. */
  readonly folder: string
  readonly signal: AbortSignal
}

/**
 * A path under which media tools can read an object: a link to its own file on a disk store, else a copy in the job's folder.
 * Always of the same name, since tools judge a file by its name too.
 */
export async function localSource(storage: ObjectStorage, { key, folder, signal }: Fetch): Promise<string> {
  const path = join(folder, 'source')
  const own = storage.localPath(key)
  if (own !== undefined) return linked(own, path)
  const opened = await storage.open(key, { signal })
  if (!opened) throw unavailable('The object store does not have the source')
  await pipeline(opened.body, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal })
  return path
}

async function linked(own: string, path: string): Promise<string> {
  try {
    await symlink(own, path, 'file')
    return path
  } catch (error) {
    // Windows lets administrators alone link.
    if (error instanceof Error && 'code' in error && error.code === 'EPERM') return own
    throw error
  }
}
