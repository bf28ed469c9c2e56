import { Readable } from 'node:stream'
import { unavailable } from '../../errors.ts'
import { s3Fault, timedOut } from './s3.errors.ts'

/** Connections that break without one byte between them; one that brought any begins the count anew. */
const fruitlessAttempts = 3

export interface ObjectStream {
  readonly first: Readable
  readonly range: { readonly start: number; readonly end: number }
  /** The rest of the range from the given position, of the very same object. */
  readonly reopen: (start: number, signal: AbortSignal) => Promise<Readable>
  readonly idleTimeoutMs: number
}

/**
 * The bytes of an object across broken connections. A player that pauses for minutes leaves its connection to the store idle until the store closes it;
 * here that is a new range request from the next byte on, not a broken answer. Time counts only while somebody waits for bytes.
 */
export class ObjectBody extends Readable {
  readonly #stream: ObjectStream
  readonly #closing = new AbortController()
  #source: Readable
  #chunks: AsyncIterator<unknown>
  #position: number
  #fruitless = 0

  constructor(stream: ObjectStream) {
    super({ highWaterMark: 256 * 1024 })
    this.#stream = stream
    this.#position = stream.range.start
    this.#source = stream.first
    this.#chunks = chunksOf(stream.first)
  }

  override _read(): void {
    this.#next().then(
      (chunk) => this.push(chunk),
      (error: unknown) => this.destroy(s3Fault(error)),
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#closing.abort()
    this.#source.destroy()
    done(error)
  }

  async #next(): Promise<Buffer | null> {
    const { end } = this.#stream.range
    for (;;) {
      const chunk = await this.#pull()
      if (chunk instanceof Buffer) {
        this.#position += chunk.length
        this.#fruitless = 0
        if (this.#position > end + 1) throw unavailable('The object store sent more than was asked for')
        return chunk
      }
      // The source is read to its end, and not only to its last byte: that gives its connection back.
      if (chunk === 'ended' && this.#position === end + 1) return null
      this.#fruitless += 1
      if (this.#fruitless >= fruitlessAttempts) throw chunk === 'ended' ? unavailable('The object store broke off') : chunk
      await this.#reopen()
    }
  }

  /** The next bytes, or why there are none. */
  async #pull(): Promise<Buffer | 'ended' | Error> {
    const source = this.#source
    const timer = setTimeout(() => source.destroy(timedOut()), this.#stream.idleTimeoutMs)
    try {
      const { done, value } = await this.#chunks.next()
      return done === true ? 'ended' : Buffer.from(value as Uint8Array) // a source of bytes
    } catch (error) {
      return error instanceof Error ? error : new Error('The connection broke', { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  async #reopen(): Promise<void> {
    this.#closing.signal.throwIfAborted()
    this.#source.destroy()
    this.#source = await this.#stream.reopen(this.#position, this.#closing.signal)
    this.#chunks = chunksOf(this.#source)
    if (this.destroyed) this.#source.destroy()
  }
}

function chunksOf(source: Readable): AsyncIterator<unknown> {
  source.on('error', () => undefined) // may come before the first read, which then throws it
  return source[Symbol.asyncIterator]()
}
