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
  const facts = await stat(file).catch((error: unknown) => Promise.reject(readFault(error)))
  if (!facts.isFile()) throw new AppError('not_found', 'It is no plain file') // a pipe would be waited for for ever
  return { size: facts.size, modified: facts.mtime }
}

const faults: Readonly<Record<string, string>> = {
  ENOENT: 'It is not there any more',
  ENOTDIR: 'It is not there any more',
  EACCES: 'There is no permission to read it',
  EPERM: 'There is no permission to read it',
  ELOOP: 'Its link leads in a circle',
  EIO: 'The disk cannot read it',
  ENAMETOOLONG: 'Its path is too long',
  EMFILE: 'Too many files are open',
}

/** Why a file or folder of this machine cannot be read, in plain words; what is no fault of the file system stays as it is. */
export function readFault(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error && 'syscall' in error ? String(error.code) : undefined
  return code === undefined ? error : new AppError('not_found', faults[code] ?? `It cannot be read (${code})`, { cause: error })
}

const pieceBytes = 1 << 20

/** SHA-256 of all that is in it. */
export async function hashOf(file: string): Promise<Buffer> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: pieceBytes }), hash).catch((error: unknown) => Promise.reject(readFault(error)))
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
  try {
    for await (const chunk of source) {
      hash.update(chunk)
      onBytes((bytes += chunk.length))
      yield chunk
    }
  } catch (error) {
    throw readFault(error)
  }
}
