import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { AppError } from '../errors.ts'
import type { ByteRange, ObjectHead } from '../ports/object-storage.ts'
import { askedRange } from './byte-range.ts'
import type { RawReply } from './define-route.ts'

export interface ServedBytes {
  readonly head: ObjectHead
  readonly open: (range: ByteRange | undefined) => Promise<Readable>
  readonly contentType: string
  readonly disposition: string | undefined
  readonly maxAgeSeconds: number
}

/**
 * Uploads are hostile, and are served from our own origin here: whatever a browser makes of them, it runs no script, and sends nothing anywhere.
 * (Media and images still show: a sandboxed document may be a picture.)
 */
const harmless = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; sandbox", 'x-content-type-options': 'nosniff' }

/** Bytes with one Range, If-None-Match and If-Range, as RFC 9110 has them. */
export async function sendBytes(asked: IncomingHttpHeaders, { head, open, contentType, disposition, maxAgeSeconds }: ServedBytes): Promise<RawReply> {
  const etag = `"${head.etag}"`
  const common = {
    ...harmless,
    etag,
    'last-modified': head.modified.toUTCString(),
    'accept-ranges': 'bytes',
    'cache-control': `private, max-age=${maxAgeSeconds}`,
    'content-type': contentType,
    ...(disposition !== undefined && { 'content-disposition': disposition }),
  }
  if (names(asked['if-none-match'], etag)) return { status: 304, stream: null, headers: common }
  const ifRange = asked['if-range']
  const range = ifRange !== undefined && ifRange !== etag ? 'whole' : askedRange(asked.range, head.size)
  if (range === 'unsatisfiable') throw new AppError('range_not_satisfiable', `The object has ${head.size} bytes`, { headers: { 'content-range': `bytes */${head.size}`, 'accept-ranges': 'bytes' } })
  if (range === 'whole') return { status: 200, stream: await open(undefined), headers: { ...common, 'content-length': head.size } }
  const { start, end } = range
  return { status: 206, stream: await open(range), headers: { ...common, 'content-length': end - start + 1, 'content-range': `bytes ${start}-${end}/${head.size}` } }
}

/** If-None-Match compares weakly: `W/` is passed over. */
const names = (header: string | undefined, etag: string) => header !== undefined && (header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag))
