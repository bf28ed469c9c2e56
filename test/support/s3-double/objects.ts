import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { invalidArgument, noSuchKey, preconditionFailed, S3Error } from './errors.ts'
import { answer, answerXml, attributesOf, type Exchange, landed } from './exchange.ts'
import { land, type Landed } from './payload.ts'
import type { Store, Stored } from './store.ts'

const overrides = ['content-type', 'content-disposition', 'content-language', 'content-encoding', 'cache-control', 'expires'] as const

/** GET and HEAD. */
export async function serveObject(exchange: Exchange): Promise<void> {
  const { object, file } = await openStored(exchange.store, exchange.key)
  try {
    const headers = { ...headersOf(object), ...overridesOf(exchange) }
    if (isUnmodified(exchange, object)) return answer(exchange, 304, headers)
    const range = rangeIn(exchange.headers['range'], object.size)
    const { start, end } = range ?? { start: 0, end: object.size - 1 }
    const length = { 'content-length': String(end - start + 1), ...(range && { 'content-range': `bytes ${start}-${end}/${object.size}` }) }
    exchange.response.writeHead(range ? 206 : 200, { ...headers, ...length })
    if (exchange.method === 'HEAD' || end < start) exchange.response.end()
    else await pipeline(file.createReadStream({ start, end, autoClose: false }), exchange.response)
  } finally {
    await file.close()
  }
}

export async function putObject(exchange: Exchange): Promise<void> {
  const { store, key, headers } = exchange
  const body = await landed(exchange)
  assertMayWrite(store.get(key), headers)
  const { etag } = await store.put(key, body, attributesOf(exchange))
  answer(exchange, 200, { etag: `"${etag}"` })
}

export async function copyObject(exchange: Exchange): Promise<void> {
  const { store, key, headers } = exchange
  const { object, file } = await openSource(exchange)
  const body = await copied(store, file)
  const attributes = headers['x-amz-metadata-directive'] === 'REPLACE' ? attributesOf(exchange) : object
  const { etag, modified } = await store.put(key, body, attributes)
  answerXml(exchange, ['CopyObjectResult', [['LastModified', modified.toISOString()], ['ETag', `"${etag}"`]]])
}

export async function deleteObject(exchange: Exchange): Promise<void> {
  await exchange.store.delete(exchange.key)
  answer(exchange, 204)
}

/** The object that x-amz-copy-source names, under the conditions set for it. */
export async function openSource({ store, bucket, headers }: Exchange): Promise<{ readonly object: Stored; readonly file: FileHandle }> {
  const source = decodeURIComponent((headers['x-amz-copy-source'] ?? '').replace(/\?.*$/, '')).replace(/^\//, '')
  if (!source.startsWith(`${bucket}/`)) throw invalidArgument('Invalid copy source')
  const opened = await openStored(store, source.slice(bucket.length + 1))
  const wanted = headers['x-amz-copy-source-if-match']
  if (wanted === undefined || matches(wanted, opened.object.etag)) return opened
  await opened.file.close()
  throw preconditionFailed()
}

/** A copy of an open file, or of a range of it; closes it. */
export async function copied(store: Store, file: FileHandle, range: Range = { start: 0, end: Infinity }): Promise<Landed> {
  return land(file.createReadStream(range), store.newFile())
}

/** A file that is open stays readable when the object is replaced. */
async function openStored(store: Store, key: string): Promise<{ readonly object: Stored; readonly file: FileHandle }> {
  for (;;) {
    const object = store.get(key)
    if (!object) throw noSuchKey()
    try {
      return { object, file: await open(object.file) }
    } catch (error) {
      if (store.get(key) === object) throw error
    }
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

/** One range; S3 answers several, and what it cannot read, with the whole. */
export function rangeIn(header: string | undefined, size: number): Range | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === '' && to === '') return undefined
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (from !== '' && to !== '' && Number(to) < start) return undefined
  if (start >= size) throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', { 'content-range': `bytes */${size}` })
  return { start, end }
}

const headersOf = ({ etag, modified, contentType, metadata }: Stored) => ({
  'accept-ranges': 'bytes',
  'content-type': contentType,
  etag: `"${etag}"`,
  'last-modified': modified.toUTCString(),
  ...metadata,
})

function overridesOf({ query }: Exchange): Record<string, string> {
  const asked = overrides.flatMap((name) => (query.has(`response-${name}`) ? [[name, query.get(`response-${name}`) ?? ''] as const] : []))
  if (asked.some(([, value]) => /[^\x20-\x7e\xa0-\xff]/.test(value))) throw invalidArgument('Header value cannot be represented using ISO-8859-1.')
  return Object.fromEntries(asked)
}

/** Of an entity tag list as in If-Match. */
const matches = (list: string, etag: string) => list.split(',').some((each) => ['*', etag].includes(each.trim().replace(/^W\//, '').replaceAll('"', '')))

/** RFC 9110, 13.2.2; throws 412, and says whether to answer 304. */
function isUnmodified({ headers }: Exchange, { etag, modified }: Stored): boolean {
  const seconds = Math.floor(modified.getTime() / 1000)
  const at = (name: string) => Date.parse(headers[name] ?? '') / 1000
  const ifMatch = headers['if-match']
  if (ifMatch === undefined ? seconds > at('if-unmodified-since') : !matches(ifMatch, etag)) throw preconditionFailed()
  const ifNoneMatch = headers['if-none-match']
  return ifNoneMatch === undefined ? seconds <= at('if-modified-since') : matches(ifNoneMatch, etag)
}

function assertMayWrite(stored: Stored | undefined, headers: Exchange['headers']): void {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  if (ifNoneMatch !== undefined && stored) throw preconditionFailed()
  if (ifMatch !== undefined && !stored) throw noSuchKey()
  if (ifMatch !== undefined && stored && !matches(ifMatch, stored.etag)) throw preconditionFailed()
}
