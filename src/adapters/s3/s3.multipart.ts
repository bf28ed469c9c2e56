import { AppError, unavailable } from '../../errors.ts'
import type { Multipart, StoredPart } from '../../ports/object-storage.ts'
import { assertPlausibleParts, isNotFound, isPartNumber, noObject } from '../object-faults.ts'
import { assertObjectKey } from '../object-key.ts'
import type { S3Connection } from './s3.connection.ts'
import { bareEtag, headObject, quoted } from './s3.read.ts'

export function multipartOn(s3: S3Connection): Multipart {
  const target = (key: string, uploadId: string) => ({ Bucket: s3.bucket, Key: key, UploadId: uploadId })
  return {
    async start(key, { contentType }) {
      assertObjectKey(key)
      const input = { Bucket: s3.bucket, Key: key, ContentType: contentType }
      const { UploadId } = await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.CreateMultipartUploadCommand(input), options))
      if (UploadId === undefined) throw unavailable('The object store started no upload')
      return UploadId
    },

    async put(key, uploadId, { number, body, signal }) {
      if (!isPartNumber(number)) throw new AppError('malformed', 'A part has a number from 1 to 10,000')
      const input = { ...target(key, uploadId), PartNumber: number, Body: body, ContentLength: body.length }
      const { ETag } = await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.UploadPartCommand(input), options), signal)
      return { number, size: body.length, etag: bareEtag(ETag) }
    },

    async list(key, uploadId) {
      const parts: StoredPart[] = []
      for (let marker: string | undefined; ; ) {
        const input = { ...target(key, uploadId), ...(marker !== undefined && { PartNumberMarker: marker }) }
        const page = await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.ListPartsCommand(input), options))
        parts.push(...(page.Parts ?? []).map(({ PartNumber = 0, Size = 0, ETag }) => ({ number: PartNumber, size: Size, etag: bareEtag(ETag) })))
        if (page.IsTruncated !== true) return parts
        marker = page.NextPartNumberMarker
      }
    },

    async complete(key, uploadId, parts) {
      assertPlausibleParts(parts)
      const input = { ...target(key, uploadId), MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: quoted(etag) })) } }
      await s3.call('work', ({ client, sdk, options }) => client.send(new sdk.CompleteMultipartUploadCommand(input), options))
      const head = await headObject(s3, key)
      if (!head) throw noObject() // deleted in the same moment
      return head
    },

    async abort(key, uploadId) {
      try {
        await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.AbortMultipartUploadCommand(target(key, uploadId)), options))
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    },
  }
}
