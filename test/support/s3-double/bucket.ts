import { invalidRequest, S3Error } from './errors.ts'
import { answerXml, bodyText, type Exchange } from './exchange.ts'
import { type Element, textsOf, unescapeXml } from './xml.ts'

/** Both versions of the operation; the first pages by `marker`. */
export async function listObjects(exchange: Exchange): Promise<void> {
  const { store, bucket, query } = exchange
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const limit = Math.min(1000, Number(query.get('max-keys') ?? 1000))
  const token = query.get('continuation-token')
  const after = token === undefined ? (query.get('start-after') ?? query.get('marker') ?? '') : Buffer.from(token, 'base64url').toString()
  const named = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text
  const page: Element[] = []
  let last = after
  let isTruncated = false
  for (const key of store.keys()) {
    const object = store.get(key)
    if (!object || !key.startsWith(prefix) || Buffer.compare(Buffer.from(key), Buffer.from(last)) <= 0) continue
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length)
    if (common !== undefined && last.startsWith(common)) continue
    if (page.length === limit) {
      isTruncated = true
      break
    }
    last = common === undefined ? key : `${common}\u{10ffff}`
    page.push(common === undefined ? contents(named(key), object) : ['CommonPrefixes', [['Prefix', named(common)]]])
  }
  answerXml(exchange, [
    'ListBucketResult',
    [
      ['Name', bucket],
      ['Prefix', named(prefix)],
      ['KeyCount', page.length],
      ['MaxKeys', limit],
      ['IsTruncated', isTruncated],
      ...(isTruncated ? ([['NextContinuationToken', Buffer.from(last).toString('base64url')]] as const) : []),
      ...page,
    ],
  ])
}

const contents = (key: string, { modified, etag, size }: { readonly modified: Date; readonly etag: string; readonly size: number }): Element => [
  'Contents',
  [['Key', key], ['LastModified', modified.toISOString()], ['ETag', `"${etag}"`], ['Size', size], ['StorageClass', 'STANDARD']],
]

export async function deleteObjects(exchange: Exchange): Promise<void> {
  const { store, headers, requiresContentMd5 } = exchange
  const isChecked = headers['content-md5'] !== undefined || (!requiresContentMd5 && Object.keys(headers).some((name) => name.startsWith('x-amz-checksum-')))
  if (!isChecked) throw invalidRequest('Missing required header for this request: Content-MD5')
  const text = await bodyText(exchange)
  const keys = textsOf(text, 'Object').map((object) => unescapeXml(textsOf(object, 'Key')[0] ?? ''))
  if (keys.length === 0 || keys.length > 1000) throw new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema')
  for (const key of keys) await store.delete(key)
  const isQuiet = textsOf(text, 'Quiet')[0] === 'true'
  answerXml(exchange, ['DeleteResult', isQuiet ? [] : keys.map((key) => ['Deleted', [['Key', key]]] as const)])
}
