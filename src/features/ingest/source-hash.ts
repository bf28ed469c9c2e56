import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { unavailable } from '../../errors.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'

interface Hashed {
  readonly key: string
  /** Where it lies on this machine already. */
  readonly file: string | undefined
  readonly signal: AbortSignal
}

/** SHA-256 of a source that came in without anybody looking at its bytes. */
export async function hashOfSource(storage: ObjectStorage, { key, file = storage.localPath(key), signal }: Hashed): Promise<Buffer> {
  const body = file === undefined ? (await storage.open(key, { signal }))?.body : createReadStream(file, { highWaterMark: 1 << 20 })
  if (!body) throw unavailable('The object store does not have the source')
  const hash = createHash('sha256')
  await pipeline(body, hash, { signal })
  return hash.digest()
}
