import { addAbortSignal, Readable } from 'node:stream'
import { AppError } from '../../errors.ts'
import type { Multipart, ObjectHead, PutOptions, StoredPart } from '../../ports/object-storage.ts'
import { maxPartNumber } from '../object-faults.ts'
import type { S3Connection } from './s3.connection.ts'
import { bareEtag } from './s3.read.ts'

/** Parts of one size, since not every server takes others. Without knowing the size an object can so have 80,000 MiB. */
const usualPartBytes = 8 * 1024 * 1024
/** So many are held in memory, and one that is being filled. */
const partsAtOnce = 3

interface Content extends PutOptions {
  readonly key: string
  readonly body: Readable | Buffer
}

interface Part {
  readonly bytes: Buffer
  readonly isLast: boolean
}

/**
 * A stream goes in one request when it fits a part, else as a multipart upload. Not with the SDK's `Upload`: that one sends the rest of the stream
 * after a part has failed, and when it is aborted it answers while requests are still under way, which then make the object appear.
 */
export async function putObject(s3: S3Connection, multipart: Multipart, content: Content): Promise<ObjectHead> {
  const { body, signal, size } = content
  if (!(body instanceof Readable)) return await putAtOnce(s3, content, body)
  body.on('error', () => undefined) // may come before the first read, which then throws it
  try {
    signal?.throwIfAborted()
    const parts = partsOf(signal ? addAbortSignal(signal, body) : body, Math.max(usualPartBytes, Math.ceil((size ?? 0) / maxPartNumber)))
    const first = await parts.next()
    if (first.done !== true && first.value.isLast) return await putAtOnce(s3, content, first.value.bytes)
    return await putInParts(multipart, content, chained(first, parts))
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    body.destroy()
  }
}

async function putAtOnce(s3: S3Connection, { key, contentType, signal }: Content, bytes: Buffer): Promise<ObjectHead> {
  const input = { Bucket: s3.bucket, Key: key, ContentType: contentType, Body: bytes, ContentLength: bytes.length }
  const { ETag } = await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.PutObjectCommand(input), options), signal)
  return { size: bytes.length, etag: bareEtag(ETag), modified: new Date() }
}

async function putInParts(multipart: Multipart, { key, contentType, signal }: Content, parts: AsyncIterable<Part>): Promise<ObjectHead> {
  const uploadId = await multipart.start(key, { contentType })
  const sending = new Sending(({ number, body, signal: ending }) => multipart.put(key, uploadId, { number, body, signal: ending }))
  const abort = () => sending.end(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    for await (const { bytes } of parts) await sending.add(bytes)
    return await multipart.complete(key, uploadId, await sending.stored())
  } catch (error) {
    await sending.end(error)
    await multipart.abort(key, uploadId).catch(() => undefined) // what remains is for the bucket's lifecycle rule
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

interface Numbered {
  readonly number: number
  readonly body: Buffer
  readonly signal: AbortSignal
}

/** A few parts under way at once. The first failure ends the others, and is thrown at the next step. */
class Sending {
  readonly #put: (part: Numbered) => Promise<StoredPart>
  readonly #ending = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  readonly #stored: StoredPart[] = []
  #number = 0

  constructor(put: (part: Numbered) => Promise<StoredPart>) {
    this.#put = put
  }

  /** Answers when there is room for one more. */
  async add(body: Buffer): Promise<void> {
    this.#ending.signal.throwIfAborted()
    if (this.#number === maxPartNumber) throw new AppError('too_large', 'The object store takes no object of this size from a stream of unknown size')
    this.#number += 1
    const sent: Promise<void> = this.#put({ number: this.#number, body, signal: this.#ending.signal })
      .then((part) => void this.#stored.push(part), (error: unknown) => this.#ending.abort(error))
      .finally(() => this.#underWay.delete(sent))
    this.#underWay.add(sent)
    if (this.#underWay.size >= partsAtOnce) await Promise.race(this.#underWay)
  }

  /** All parts, once they have arrived. */
  async stored(): Promise<readonly StoredPart[]> {
    await Promise.all(this.#underWay)
    this.#ending.signal.throwIfAborted()
    return this.#stored.sort((one, other) => one.number - other.number)
  }

  async end(reason: unknown): Promise<void> {
    this.#ending.abort(reason)
    await Promise.all(this.#underWay)
  }
}

/** Buffers of `partBytes` each, and a last one that may be shorter, or empty when there was nothing at all. */
async function* partsOf(body: Readable, partBytes: number): AsyncGenerator<Part> {
  let part = Buffer.allocUnsafe(partBytes)
  let filled = 0
  for await (const chunk of body) {
    let rest = Buffer.from(chunk as Uint8Array) // a Readable of bytes yields buffers; `from` covers text
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

async function* chained(first: IteratorResult<Part, void>, rest: AsyncIterable<Part>): AsyncIterable<Part> {
  if (first.done !== true) yield first.value
  yield* rest
}
