import { AppError } from '../../errors.ts'
import type { StoredPart } from '../../ports/object-storage.ts'
import { maxPartNumber } from '../object-faults.ts'

/** Parts of one size, since not every server takes others. Without knowing the size an object can so have 80,000 MiB. */
export const usualPartBytes = 8 * 1024 * 1024
/** So many are held in memory, and one that is being filled; fewer where the parts of a very large object would take more than that. */
const partsAtOnce = 3
const bytesAtOnce = 96 * 1024 * 1024

export const partBytesFor = (size: number, atLeast: number) => Math.max(atLeast, Math.ceil(size / maxPartNumber))

export interface Part {
  readonly bytes: Buffer
  readonly isLast: boolean
}

/** Buffers of `partBytes` each, and a last one that may be shorter, or empty when there was nothing at all. */
export async function* partsOf(body: AsyncIterable<unknown>, partBytes: number): AsyncGenerator<Part> {
  let part = Buffer.allocUnsafe(partBytes)
  let filled = 0
  for await (const chunk of body) {
    let rest = chunk instanceof Buffer ? chunk : Buffer.from(chunk as string) // a Readable of bytes yields buffers, or text
    while (rest.length > 0) {
      if (filled === partBytes) {
        yield { bytes: part, isLast: false }
        part = Buffer.allocUnsafe(partBytes)
        filled = 0
      }
      const taken = rest.copy(part, filled)
      filled += taken
      rest = rest.subarray(taken)
    }
  }
  yield { bytes: part.subarray(0, filled), isLast: true }
}

interface Numbered {
  readonly number: number
  readonly body: Buffer
  readonly signal: AbortSignal
}

export interface SendingOptions {
  /** How many parts the upload has already. */
  readonly after?: number
  /** Told the number of a part once it and all before it are in. */
  readonly onInOrder?: (number: number) => void
}

/** A few parts under way at once. The first failure ends the others, and is thrown at the next step. */
export class Sending {
  readonly #put: (part: Numbered) => Promise<StoredPart>
  readonly #onInOrder: ((number: number) => void) | undefined
  readonly #ending = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  readonly #stored = new Map<number, StoredPart>()
  #number: number
  #inOrder: number

  constructor(put: (part: Numbered) => Promise<StoredPart>, { after = 0, onInOrder }: SendingOptions = {}) {
    this.#put = put
    this.#onInOrder = onInOrder
    this.#number = after
    this.#inOrder = after
  }

  /** Answers when there is room for one more. */
  async add(body: Buffer): Promise<void> {
    this.#ending.signal.throwIfAborted()
    if (this.#number === maxPartNumber) throw new AppError('too_large', 'The object store takes no object of this size from a stream of unknown size')
    this.#number += 1
    const sent: Promise<void> = this.#put({ number: this.#number, body, signal: this.#ending.signal })
      .then((part) => this.#keep(part))
      .catch((error: unknown) => this.#ending.abort(error))
      .finally(() => this.#underWay.delete(sent))
    this.#underWay.add(sent)
    const { size } = this.#underWay
    if (size >= partsAtOnce || size * body.length >= bytesAtOnce) await Promise.race(this.#underWay)
  }

  /** All parts, once they have arrived. */
  async stored(): Promise<readonly StoredPart[]> {
    await this.settle()
    this.#ending.signal.throwIfAborted()
    return [...this.#stored.values()].sort((one, other) => one.number - other.number)
  }

  /** Nothing is under way any more, whatever came of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  async end(reason: unknown): Promise<void> {
    this.#ending.abort(reason)
    await this.settle()
  }

  #keep(part: StoredPart): void {
    this.#stored.set(part.number, part)
    if (part.number !== this.#inOrder + 1) return
    while (this.#stored.has(this.#inOrder + 1)) this.#inOrder += 1
    this.#onInOrder?.(this.#inOrder)
  }
}
