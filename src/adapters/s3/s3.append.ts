import { buffer } from 'node:stream/consumers'
import { type Append, type Multipart, tailPattern } from '../../ports/object-storage.ts'
import { arriving } from '../arriving.ts'
import { bytesMissing, isNotFound } from '../object-faults.ts'
import type { S3Connection } from './s3.connection.ts'
import { listObjects } from './s3.list.ts'
import { partBytesFor, partsOf, Sending } from './s3.parts.ts'
import { openObject } from './s3.read.ts'
import { putAtOnce } from './s3.write.ts'

export interface Bucket {
  readonly s3: S3Connection
  readonly multipart: Multipart
  readonly deleteAll: (keys: readonly string[]) => Promise<void>
}

export interface Upload {
  readonly key: string
  readonly uploadId: string
  /** Of the whole. */
  readonly size: number
}

export const tailKey = (key: string, offset: number) => `${key}.tail-${offset}`

export const partBytesOf = ({ s3 }: Bucket, size: number) => partBytesFor(size, s3.settings.resumablePartBytes)

/** Sends the body in parts from the offset on, and what is left over as a tail. */
export async function appendTo(bucket: Bucket, upload: Upload, append: Append): Promise<number> {
  const { key, uploadId, size } = upload
  const { offset, isAtomic, onSafe } = append
  const partBytes = partBytesOf(bucket, size)
  await assertReached(bucket, upload, offset)
  if (offset === size) return offset
  const tail = await tailAt(bucket, upload, offset)
  // The one that is read here stays until an append begins further on: who keeps the offset may never learn of the one that comes. Newer ones may be others' by now.
  const tidying = removeTails(bucket, key, offset).catch(() => undefined) // completing removes all
  const onInOrder = (number: number) => (isAtomic ? undefined : onSafe?.(Math.min(number * partBytes, size)))
  const after = Math.floor(offset / partBytes)
  const sending = new Sending(({ number, body, signal }) => bucket.multipart.put(key, uploadId, { number, body, signal }), { after, onInOrder })
  let end = offset - tail.length
  try {
    for await (const { bytes } of partsOf(joined(tail, arriving(append)), partBytes)) {
      end += bytes.length
      if (end === offset) break // nothing has come
      if (bytes.length === partBytes || end === size) await sending.add(bytes)
      else await putTail(bucket, upload, { offset: end, bytes })
    }
    await sending.stored()
    return end
  } finally {
    // A part that came later would replace what the next append sends.
    await Promise.all([sending.settle(), tidying])
  }
}

/** Throws `not_found` for an upload that is over, and `conflict` where the part before the offset is not there. */
async function assertReached(bucket: Bucket, { key, uploadId, size }: Upload, offset: number): Promise<void> {
  const partBytes = partBytesOf(bucket, size)
  const number = offset === size ? Math.ceil(size / partBytes) : Math.floor(offset / partBytes)
  const part = await firstPart(bucket, { key, uploadId, after: Math.max(0, number - 1) })
  if (number === 0) return
  const isThere = part?.PartNumber === number && part.Size === Math.min(partBytes, size - (number - 1) * partBytes)
  if (!isThere || offset > size) throw bytesMissing()
}

/** Throws `not_found` for an upload that is over. */
async function firstPart({ s3 }: Bucket, { key, uploadId, after }: { readonly key: string; readonly uploadId: string; readonly after: number }) {
  const input = { Bucket: s3.bucket, Key: key, UploadId: uploadId, MaxParts: 1, ...(after > 0 && { PartNumberMarker: String(after) }) }
  const { Parts: [part] = [] } = await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.ListPartsCommand(input), options))
  return part
}

/** The bytes before the offset that fill no part. */
async function tailAt(bucket: Bucket, { key, size }: Upload, offset: number): Promise<Buffer> {
  const length = offset % partBytesOf(bucket, size)
  if (length === 0) return Buffer.alloc(0)
  const tail = await openObject(bucket.s3, tailKey(key, offset), {})
  if (tail?.size !== length) {
    tail?.body.destroy()
    throw bytesMissing()
  }
  return await buffer(tail.body)
}

/** Looks afterwards whether there is an upload that it will go with: who was stopped meanwhile would leave it for ever. */
async function putTail(bucket: Bucket, { key, uploadId }: Upload, { offset, bytes }: { readonly offset: number; readonly bytes: Buffer }): Promise<void> {
  const tail = tailKey(key, offset)
  await putAtOnce(bucket.s3, { key: tail, contentType: 'application/octet-stream' }, bytes)
  try {
    await firstPart(bucket, { key, uploadId, after: 0 })
  } catch (error) {
    if (isNotFound(error)) await bucket.deleteAll([tail])
    throw error
  }
}

/** Of this object, those before an offset. */
export async function removeTails({ s3, deleteAll }: Bucket, key: string, before = Infinity): Promise<void> {
  const keys: string[] = []
  for await (const { key: found } of listObjects(s3, `${key}.tail-`, { after: '', limit: Infinity })) {
    const isOfKey = tailPattern.test(found) && found.replace(tailPattern, '') === key
    if (isOfKey && Number(found.slice(`${key}.tail-`.length)) < before) keys.push(found)
  }
  await deleteAll(keys)
}

async function* joined(tail: Buffer, body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (tail.length > 0) yield tail
  yield* body
}
