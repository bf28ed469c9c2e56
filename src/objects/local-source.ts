import { createWriteStream } from 'node:fs'
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

/** A path under which media tools can read an object: its own file on a disk store, else a copy in the job's folder. */
export async function localSource(storage: ObjectStorage, { key, folder, signal }: Fetch): Promise<string> {
  const own = storage.localPath(key)
  if (own !== undefined) return own
  const opened = await storage.open(key, { signal })
  if (!opened) throw unavailable('The object store does not have the source')
  const copy = join(folder, 'source')
  await pipeline(opened.body, createWriteStream(copy, { flags: 'wx', mode: 0o600 }), { signal })
  return copy
}
