import pLimit from 'p-limit'
import type { Multipart, ObjectHead, StoredPart } from '../../ports/object-storage.ts'
import { maxPartNumber, noObject, objectChanged } from '../object-faults.ts'
import type { S3Connection } from './s3.connection.ts'
import { bareEtag, headObject } from './s3.read.ts'

const partBytes = 256 * 1024 * 1024
const partsAtOnce = 4

interface Copy {
  readonly from: string
  readonly to: string
  readonly contentType: string
}

/** By the store itself; no byte passes through here. */
export async function copyObject(s3: S3Connection, multipart: Multipart, copy: Copy): Promise<ObjectHead> {
  const source = await headObject(s3, copy.from)
  if (!source) throw noObject()
  return source.size > s3.settings.copyAtOnceBytes ? await copyInParts(s3, multipart, { ...copy, source }) : await copyAtOnce(s3, copy)
}

const sourceIn = (s3: S3Connection, { from }: Copy) => ({ Bucket: s3.bucket, CopySource: [s3.bucket, ...from.split('/')].map(encodeURIComponent).join('/') })

async function copyAtOnce(s3: S3Connection, copy: Copy): Promise<ObjectHead> {
  const input = { ...sourceIn(s3, copy), Key: copy.to, ContentType: copy.contentType, MetadataDirective: 'REPLACE' } as const
  await s3.call('work', ({ client, sdk, options }) => client.send(new sdk.CopyObjectCommand(input), options))
  const made = await headObject(s3, copy.to)
  if (!made) throw noObject() // deleted in the same moment
  return made
}

/**
 * A source that is replaced meanwhile would give a mixture: it is asked for once more before the parts are joined. Not by x-amz-copy-source-if-match,
 * which OpenStack Swift compares with an etag that it shows nobody when the source itself came in parts.
 */
async function copyInParts(s3: S3Connection, multipart: Multipart, copy: Copy & { readonly source: ObjectHead }): Promise<ObjectHead> {
  const { from, to, contentType, source } = copy
  const step = Math.max(Math.min(partBytes, s3.settings.copyAtOnceBytes), Math.ceil(source.size / maxPartNumber))
  const uploadId = await multipart.start(to, { contentType })
  const atOnce = pLimit(partsAtOnce)
  const ending = new AbortController()
  const copyPart = async (start: number): Promise<StoredPart> => {
    const end = Math.min(start + step, source.size) - 1
    const number = start / step + 1
    const input = { ...sourceIn(s3, copy), Key: to, UploadId: uploadId, PartNumber: number, CopySourceRange: `bytes=${start}-${end}` }
    const { signal } = ending
    const { CopyPartResult } = await s3.call('work', ({ client, sdk, options }) => client.send(new sdk.UploadPartCopyCommand(input), options), signal)
    return { number, size: end - start + 1, etag: bareEtag(CopyPartResult?.ETag) }
  }
  const starts = Array.from({ length: Math.ceil(source.size / step) }, (_, index) => index * step)
  const copying = starts.map((start) => atOnce(copyPart, start))
  try {
    const parts = await Promise.all(copying)
    if ((await headObject(s3, from))?.etag !== source.etag) throw objectChanged()
    return await multipart.complete(to, uploadId, parts)
  } catch (error) {
    ending.abort(error)
    await Promise.allSettled(copying) // none may arrive after the upload has been given up
    await multipart.abort(to, uploadId).catch(() => undefined) // what remains is for the bucket's lifecycle rule
    throw error
  }
}
