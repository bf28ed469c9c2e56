import { open } from 'node:fs/promises'
import { unavailable } from '../../../errors.ts'
import { MediaError } from '../../../ports/media-engine.ts'

/** A file, or a part of one, that is read here and there. */
export interface Bytes {
  readonly size: number
  /** Exactly these; `MediaError` where the file ends before. */
  read(offset: number, length: number): Promise<Buffer>
}

export const damaged = () => new MediaError('The picture is damaged: it cannot be decoded.')
export const incomplete = () => new MediaError('The picture is damaged or incomplete: parts of it should lie behind its end.')

/** No table that a camera writes is larger; pictures are read in pieces. */
const MOST_AT_ONCE = 32 * 1024 ** 2

/** Rejects with the signal's reason once it is aborted. */
export async function withBytes<T>(path: string, task: (bytes: Bytes) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const file = await open(path).catch((cause: unknown) => {
    throw unavailable('The file to read is not there', cause)
  })
  try {
    const { size } = await file.stat()
    return await task({
      size,
      async read(offset, length) {
        signal?.throwIfAborted()
        assertInside({ offset, length, size })
        const buffer = Buffer.alloc(length)
        const { bytesRead } = await file.read(buffer, 0, length, offset)
        if (bytesRead < length) throw incomplete()
        return buffer
      },
    })
  } finally {
    await file.close()
    // Who reads a part that may be damaged takes an end for damage.
    signal?.throwIfAborted()
  }
}

export const bytesOf = (buffer: Buffer): Bytes => ({
  size: buffer.length,
  read: (offset, length) => {
    assertInside({ offset, length, size: buffer.length })
    return Promise.resolve(buffer.subarray(offset, offset + length))
  },
})

export const partOf = (bytes: Bytes, start: number, size = bytes.size - start): Bytes & { readonly start: number } => ({
  start,
  size,
  read: (offset, length) => {
    assertInside({ offset, length, size })
    return bytes.read(start + offset, length)
  },
})

function assertInside({ offset, length, size }: { readonly offset: number; readonly length: number; readonly size: number }) {
  if (!(Number.isSafeInteger(offset) && Number.isSafeInteger(length)) || offset < 0 || length < 0 || length > MOST_AT_ONCE) throw damaged()
  if (offset + length > size) throw incomplete()
}

/** Makes a file of what comes. It is there before anything is asked for: a stream whose source fails at once makes its file after all was cleaned up. */
export async function writePieces(path: string, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted()
      await file.writeFile(piece)
    }
  } finally {
    await file.close()
  }
}
