import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { send } from '@fastify/send'
import { AppError, notFound } from '../errors.ts'
import type { RawReply } from './define-route.ts'

export interface ServedFile {
  readonly path: string
  readonly contentType: string
  readonly disposition: string | undefined
  readonly maxAgeSeconds: number
}

/**
 * Uploads are hostile, and are served from our own origin here: whatever a browser makes of them, it runs no script, and sends nothing anywhere.
 * (Media and images still show: a sandboxed document may be a picture.)
 */
const harmless = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; sandbox", 'x-content-type-options': 'nosniff' }

/** A file of the disk store, with Range, If-None-Match and If-Range as RFC 9110 has them. */
export async function sendFile(request: IncomingMessage, { path, contentType, disposition, maxAgeSeconds }: ServedFile): Promise<RawReply> {
  const { statusCode, headers, stream } = await send(request, encodeURI(path), { dotfiles: 'allow', index: false, cacheControl: false })
  if (statusCode === 404) throw notFound('Object')
  if (statusCode === 416) throw new AppError('range_not_satisfiable', 'The range lies outside the object')
  if (statusCode === 412) throw new AppError('precondition_failed', 'The object is another one by now')
  if (statusCode >= 400) throw new AppError('malformed', 'The request does not fit this object')
  return {
    status: statusCode,
    stream: stream instanceof Readable ? stream : null,
    headers: {
      ...headers,
      ...harmless,
      'cache-control': `private, max-age=${maxAgeSeconds}`,
      'content-type': contentType,
      ...(disposition !== undefined && { 'content-disposition': disposition }),
    },
  }
}
