import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../../errors.ts'

/** By which a change of a file shows without reading it. */
export interface FileFacts {
  readonly size: number
  readonly modified: Date
}

export async function factsOf(file: string): Promise<FileFacts> {
  const { size, mtime: modified } = await stat(file).catch(() => Promise.reject(new AppError('not_found', 'There is no such file, or it cannot be read')))
  return { size, modified }
}

const pieceBytes = 1 << 20

/** SHA-256 of all that is in it. */
export async function hashOf(file: string): Promise<Buffer> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: pieceBytes }), hash)
  return hash.digest()
}

interface Watch {
  readonly signal: AbortSignal
  /** Takes every byte that passes. */
  readonly hash: Hash
  /** Is told how many have passed. */
  readonly onBytes: (bytes: number) => void
}

/** The bytes as they pass, hashed and counted. */
export async function* bytesOf(file: string, { signal, hash, onBytes }: Watch): AsyncGenerator<Buffer> {
  let bytes = 0
  const source: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: pieceBytes, signal })
  for await (const chunk of source) {
    hash.update(chunk)
    onBytes((bytes += chunk.length))
    yield chunk
  }
}
