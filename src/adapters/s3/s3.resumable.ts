import type { ObjectHead, Resumable } from '../../ports/object-storage.ts'
import { bytesMissing, isNotFound } from '../object-faults.ts'
import { assertObjectKey } from '../object-key.ts'
import { appendTo, type Bucket, partBytesOf, removeTails, tailKey, type Upload } from './s3.append.ts'
import { headObject } from './s3.read.ts'
import { putAtOnce } from './s3.write.ts'

/**
 * A multipart upload with parts of one size, and what does not fill a part yet as an object beside it. So where an upload stands follows from its offset alone:
 * `floor(offset / part)` parts are in, and the rest is in `<key>.tail-<offset>`; only the end needs no tail, since the last part may be short.
 * A part that is sent again replaces the one before: what an append that ended midway left needs no undoing. Who was stopped, and wakes when others have gone on,
 * may send such a part too: of the same positions, with what the same client sent for them. Of tails it removes none that is newer than its own offset.
 */
export function resumableOn(bucket: Bucket): Resumable {
  return {
    async start(key, { contentType, size }) {
      assertObjectKey(tailKey(key, size))
      return bucket.multipart.start(key, { contentType })
    },

    async append(key, uploadId, append) {
      append.body.on('error', () => undefined) // may come before the first read, which then throws it, or after the last
      return await appendTo(bucket, { key, uploadId, size: append.size }, append)
    },

    async complete(key, uploadId, { contentType, size }) {
      const head = await completeOrFind(bucket, { key, uploadId, size }, contentType)
      await removeTails(bucket, key)
      return head
    },

    async abort(key, uploadId) {
      await bucket.multipart.abort(key, uploadId)
      await removeTails(bucket, key)
    },
  }
}

async function completeOrFind(bucket: Bucket, upload: Upload, contentType: string): Promise<ObjectHead> {
  try {
    return await completeUpload(bucket, upload, contentType)
  } catch (error) {
    const stored = isNotFound(error) ? await headObject(bucket.s3, upload.key) : undefined
    if (stored?.size !== upload.size) throw error
    return stored
  }
}

async function completeUpload(bucket: Bucket, { key, uploadId, size }: Upload, contentType: string): Promise<ObjectHead> {
  const parts = await bucket.multipart.list(key, uploadId)
  if (size === 0) {
    // S3 joins no parts where there are none.
    const head = await putAtOnce(bucket.s3, { key, contentType }, Buffer.alloc(0))
    await bucket.multipart.abort(key, uploadId)
    return head
  }
  const partBytes = partBytesOf(bucket, size)
  const wanted = parts.slice(0, Math.ceil(size / partBytes))
  const isWhole = wanted.every((part, index) => part.number === index + 1 && part.size === Math.min(partBytes, size - index * partBytes))
  if (!isWhole || wanted.length * partBytes < size) throw bytesMissing()
  return await bucket.multipart.complete(key, uploadId, wanted)
}
