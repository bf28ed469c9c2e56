import { createHash, createHmac } from 'node:crypto'

// AWS Signature Version 4 as the S3 API reference writes it. Pure, and held against AWS's published examples by test/unit/s3-double.test.ts.

export interface Scope {
  /** YYYYMMDD */
  readonly date: string
  readonly region: string
}

export interface SignedRequest {
  readonly method: string
  /** As sent, encoded. */
  readonly path: string
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
}

export const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const hexHmac = (key: Buffer, text: string) => hmac(key, text).toString('hex')

export const emptyHash = sha256('')
export const scopeText = ({ date, region }: Scope) => `${date}/${region}/s3/aws4_request`

export const signingKey = (secret: string, { date, region }: Scope) => hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), 's3'), 'aws4_request')

/** RFC 3986: all but unreserved characters as upper-case %XX of their UTF-8 bytes. */
export const uriEncode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

export function canonicalRequest({ method, path, query, headers, signedHeaders, payloadHash }: SignedRequest): string {
  const canonicalPath = path.split('/').map((segment) => uriEncode(decodeURIComponent(segment))).join('/')
  const canonicalQuery = query
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([name, value], [otherName, otherValue]) => (name === otherName ? compare(value, otherValue) : compare(name, otherName)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const canonicalHeaders = signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`).join('')
  return [method, canonicalPath, canonicalQuery, canonicalHeaders, signedHeaders.join(';'), payloadHash].join('\n')
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

/** What signs a request and, chained to it, each chunk of its body. */
export interface Signer {
  readonly key: Buffer
  readonly scope: Scope
  /** YYYYMMDDTHHMMSSZ */
  readonly timestamp: string
}

export const requestSignature = ({ key, scope, timestamp }: Signer, request: SignedRequest) =>
  hexHmac(key, ['AWS4-HMAC-SHA256', timestamp, scopeText(scope), sha256(canonicalRequest(request))].join('\n'))

export const chunkSignature = ({ key, scope, timestamp }: Signer, previous: string, chunkHash: string) =>
  hexHmac(key, ['AWS4-HMAC-SHA256-PAYLOAD', timestamp, scopeText(scope), previous, emptyHash, chunkHash].join('\n'))

/** `trailer`: each header of it as `name:value\n`. */
export const trailerSignature = ({ key, scope, timestamp }: Signer, previous: string, trailer: string) =>
  hexHmac(key, ['AWS4-HMAC-SHA256-TRAILER', timestamp, scopeText(scope), previous, sha256(trailer)].join('\n'))
