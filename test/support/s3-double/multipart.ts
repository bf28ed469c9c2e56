import { invalidArgument, S3Error } from './errors.ts'
import { answer, answerXml, attributesOf, bodyText, type Exchange, landed } from './exchange.ts'
import { copied, openSource, rangeIn } from './objects.ts'
import type { Landed } from './payload.ts'
import { textsOf, unescapeXml } from './xml.ts'

export async function startUpload(exchange: Exchange): Promise<void> {
  const { store, bucket, key } = exchange
  answerXml(exchange, ['InitiateMultipartUploadResult', [['Bucket', bucket], ['Key', key], ['UploadId', store.start(key, attributesOf(exchange))]]])
}

export async function putPart(exchange: Exchange): Promise<void> {
  const { number, keep } = await partOf(exchange)
  const part = await landed(exchange)
  await keep(number, part)
  answer(exchange, 200, { etag: `"${part.md5}"` })
}

export async function copyPart(exchange: Exchange): Promise<void> {
  const { store, headers } = exchange
  const { number, keep } = await partOf(exchange)
  const { object, file } = await openSource(exchange)
  const part = await copied(store, file, rangeIn(headers['x-amz-copy-source-range'], object.size))
  await keep(number, part)
  answerXml(exchange, ['CopyPartResult', [['LastModified', new Date().toISOString()], ['ETag', `"${part.md5}"`]]])
}

export async function listParts(exchange: Exchange): Promise<void> {
  const { store, bucket, key, query } = exchange
  const uploadId = query.get('uploadId') ?? ''
  const after = Number(query.get('part-number-marker') ?? 0)
  const limit = Math.min(1000, Number(query.get('max-parts') ?? 1000))
  const left = [...store.upload(key, uploadId).parts].filter(([number]) => number > after).sort(([one], [other]) => one - other)
  const page = left.slice(0, limit)
  answerXml(exchange, [
    'ListPartsResult',
    [
      ['Bucket', bucket],
      ['Key', key],
      ['UploadId', uploadId],
      ['NextPartNumberMarker', page.at(-1)?.[0] ?? 0],
      ['IsTruncated', left.length > page.length],
      ...page.map(([number, { md5, size }]) => ['Part', [['PartNumber', number], ['ETag', `"${md5}"`], ['Size', size]]] as const),
    ],
  ])
}

export async function completeUpload(exchange: Exchange): Promise<void> {
  const { store, bucket, key, query } = exchange
  const uploadId = query.get('uploadId') ?? ''
  const upload = store.upload(key, uploadId)
  const named = textsOf(await bodyText(exchange), 'Part').map((part) => ({
    number: Number(textsOf(part, 'PartNumber')[0]),
    etag: unescapeXml(textsOf(part, 'ETag')[0] ?? '').replaceAll('"', ''),
  }))
  if (named.length === 0) throw new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema')
  const { etag } = await store.complete(upload, uploadId, named)
  answerXml(exchange, ['CompleteMultipartUploadResult', [['Bucket', bucket], ['Key', key], ['ETag', `"${etag}"`]]])
}

export async function abortUpload(exchange: Exchange): Promise<void> {
  const { store, key, query } = exchange
  const uploadId = query.get('uploadId') ?? ''
  store.upload(key, uploadId)
  await store.abort(uploadId)
  answer(exchange, 204)
}

/** The upload is looked up before and after the body: it may have ended meanwhile. */
async function partOf({ store, key, query }: Exchange) {
  const uploadId = query.get('uploadId') ?? ''
  const number = Number(query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > 10_000) throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive')
  store.upload(key, uploadId)
  const keep = async (at: number, part: Landed) => void store.upload(key, uploadId).parts.set(at, part)
  return { number, keep }
}
