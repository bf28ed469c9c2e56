import type { GetLink, PutLink } from '../../ports/object-storage.ts'
import type { S3Connection } from './s3.connection.ts'

/** Seven days: no store takes a link for longer. */
const longestSeconds = 604_800

export async function signGet(s3: S3Connection, key: string, { disposition, contentType, expires }: GetLink): Promise<string> {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
  const { sdk, client } = await s3.signingClient()
  const command = new sdk.GetObjectCommand({ Bucket: s3.bucket, Key: key, ResponseContentDisposition: disposition, ResponseContentType: contentType })
  return await getSignedUrl(client, command, lifetime(expires))
}

/**
 * Type and length are signed as headers, so that a PUT with others is refused.
 * The length is none of the headers to set: every client sends it by itself, and browsers let no script set it.
 */
export async function signPut(s3: S3Connection, key: string, { contentType, size, expires }: PutLink) {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
  const { sdk, client } = await s3.signingClient()
  const command = new sdk.PutObjectCommand({ Bucket: s3.bucket, Key: key, ContentType: contentType, ContentLength: size })
  const url = await getSignedUrl(client, command, { ...lifetime(expires), signableHeaders: new Set(['host', 'content-type', 'content-length']) })
  return { url, headers: { 'content-type': contentType } }
}

/** From now until `expires`, to the second; a moment that is past gives a link that has expired, and not an error. */
function lifetime(expires: Date): { readonly signingDate: Date; readonly expiresIn: number } {
  const end = Math.floor(expires.getTime() / 1000)
  const start = Math.min(Math.floor(Date.now() / 1000), end - 1)
  if (end - start > longestSeconds) throw new RangeError('A link to the object store lives seven days at most')
  return { signingDate: new Date(start * 1000), expiresIn: end - start }
}
