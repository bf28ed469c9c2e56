import type { FileHandle } from 'node:fs/promises'
import type { Append } from '../../ports/object-storage.ts'
import { arriving } from '../arriving.ts'
import { asked } from './local-disk.errors.ts'

/** What arrives in pieces of 64 KiB is written so much at a time. A mebibyte costs the system twice the time per byte (measured: Linux 6.18, ext4). */
const bytesAtOnce = 256 * 1024
/** So many bytes may be in the system's memory alone before it is asked to bring them to the disk. */
const bytesPerSync = 64 << 20

/** Writes the body on to the file, which ends at the offset and starts at another position of the whole. Answers up to where bytes are on the disk. */
export async function appendTo(file: FileHandle, append: Append, start: number): Promise<number> {
  const { offset, isAtomic, onSafe } = append
  const writer = new Writer(file, { start, offset, onSafe: isAtomic ? undefined : onSafe })
  try {
    for await (const chunk of arriving(append)) await writer.add(chunk)
    return await writer.finish()
  } catch (error) {
    await writer.settle()
    if (isAtomic) await file.truncate(offset - start).catch(() => undefined) // the next append does it too
    throw error
  }
}

interface Place {
  readonly start: number
  readonly offset: number
  readonly onSafe: ((offset: number) => void) | undefined
}

/** One write and one sync at a time, both beside the receiving: the network does not wait for the disk before a piece is full. */
class Writer {
  readonly #file: FileHandle
  readonly #start: number
  readonly #onSafe: ((offset: number) => void) | undefined
  readonly #failing = new AbortController()
  #chunks: Buffer[] = []
  #gathered = 0
  #written: number
  #synced: number
  #writing: Promise<void> | undefined
  #syncing: Promise<void> | undefined

  constructor(file: FileHandle, { start, offset, onSafe }: Place) {
    this.#file = file
    this.#start = start
    this.#onSafe = onSafe
    this.#written = offset
    this.#synced = offset
  }

  async add(chunk: Buffer): Promise<void> {
    this.#chunks.push(chunk)
    this.#gathered += chunk.length
    if (this.#gathered >= bytesAtOnce) await this.#flush()
  }

  async finish(): Promise<number> {
    await this.#flush()
    await this.settle()
    if (this.#synced < this.#written) await this.#sync()
    this.#failing.signal.throwIfAborted()
    return this.#synced
  }

  /** Nothing is under way any more, whatever came of it. */
  async settle(): Promise<void> {
    await Promise.all([this.#writing, this.#syncing])
    await this.#syncing // which the write may have begun
  }

  /** Waits for the write before, and leaves this one under way. */
  async #flush(): Promise<void> {
    await this.#writing
    this.#failing.signal.throwIfAborted()
    const [chunks, length] = [this.#chunks, this.#gathered]
    this.#chunks = []
    this.#gathered = 0
    if (length > 0) this.#writing = this.#write(chunks, length)
  }

  async #write(chunks: readonly Buffer[], length: number): Promise<void> {
    try {
      await asked(writeAll(this.#file, chunks, { position: this.#written - this.#start, length }))
      this.#written += length
      if (!this.#syncing && this.#written - this.#synced >= bytesPerSync) this.#syncing = this.#sync()
    } catch (error) {
      this.#failing.abort(error)
    }
  }

  /** After a failed one none may follow: the system forgets what it could not write, and the next would succeed. */
  async #sync(): Promise<void> {
    const reached = this.#written
    try {
      await asked(this.#file.datasync())
      this.#synced = reached
      this.#syncing = undefined
      this.#onSafe?.(reached)
    } catch (error) {
      this.#failing.abort(error)
    }
  }
}

/** The system may take fewer bytes than it is given, as before a full disk; the rest then says why. */
async function writeAll(file: FileHandle, chunks: readonly Buffer[], { position, length }: { readonly position: number; readonly length: number }): Promise<void> {
  let { bytesWritten: done } = await file.writev(chunks, position)
  if (done === length) return
  for (const bytes = Buffer.concat(chunks); done < length; ) done += (await file.write(bytes, done, length - done, position + done)).bytesWritten
}
