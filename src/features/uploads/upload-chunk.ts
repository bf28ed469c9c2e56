import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { AppError } from '../../errors.ts'

/** By tus' names. */
export const checksumAlgorithms = { sha1: 20, md5: 16, sha256: 32 } as const

export interface Checksum {
  readonly algorithm: keyof typeof checksumAlgorithms
  readonly digest: Buffer
}

export interface Chunk {
  readonly body: Readable
  /** Why it is to be refused although a store may take what came before. */
  readonly fault: () => AppError | undefined
}

interface Expected {
  /** Of the upload. */
  readonly missing: number
  /** As announced; undefined where the body comes in pieces of its own. */
  readonly length: number | undefined
  readonly checksum: Checksum | undefined
}

export const tooMany = (missing: number) => new AppError('too_large', missing === 0 ? 'All bytes of this upload are there already' : `Only ${missing} bytes of this upload are missing`)

/** The bytes of one request, as the store may take them. HTTP itself sees to it that no more come than were announced. */
export function chunkOf(body: Readable, { missing, length, checksum }: Expected): Chunk {
  let fault: AppError | undefined
  if (length !== undefined && checksum === undefined) return { body, fault: () => fault }
  async function* looked() {
    try {
      const pieces: AsyncIterable<Buffer> = body.iterator({ destroyOnReturn: false }) // the connection is to carry the answer yet
      const bounded = length === undefined ? within(missing, pieces) : pieces
      yield* checksum === undefined ? bounded : matching(checksum, bounded)
    } catch (error) {
      if (error instanceof AppError) fault = error
      throw fault ?? new AppError('malformed', 'The body broke off', { cause: error })
    }
  }
  return { body: Readable.from(looked(), { objectMode: false }), fault: () => fault }
}

/** One piece late, so that of a body that is too long never all that is missing gets through: it would count as the whole. */
async function* within(missing: number, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let seen = 0
  let held: Buffer | undefined
  for await (const piece of pieces) {
    seen += piece.length
    if (seen > missing) throw tooMany(missing)
    if (held) yield held
    held = piece
  }
  if (held) yield held
}

async function* matching({ algorithm, digest }: Checksum, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const hash = createHash(algorithm)
  for await (const piece of body) {
    hash.update(piece)
    yield piece
  }
  if (!hash.digest().equals(digest)) throw new AppError('checksum_mismatch', `The bytes do not have this ${algorithm}; nothing of them was kept`)
}
