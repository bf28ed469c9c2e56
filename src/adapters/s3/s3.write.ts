import { addAbortSignal, Readable } from 'node:stream'
import type { Multipart, ObjectHead, PutOptions } from '../../ports/object-storage.ts'
import type { S3Connection } from './s3.connection.ts'
import { type Part, partBytesFor, partsOf, Sending, usualPartBytes } from './s3.parts.ts'
import { bareEtag } from './s3.read.ts'

interface Content extends PutOptions {
  readonly key: string
  readonly body: Readable | Buffer
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
    const parts = partsOf(signal ? addAbortSignal(signal, body) : body, partBytesFor(size ?? 0, usualPartBytes))
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

export async function putAtOnce(s3: S3Connection, { key, contentType, signal }: Omit<Content, 'body'>, bytes: Buffer): Promise<ObjectHead> {
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

async function* chained(first: IteratorResult<Part, void>, rest: AsyncIterable<Part>): AsyncIterable<Part> {
  if (first.done !== true) yield first.value
  yield* rest
}
