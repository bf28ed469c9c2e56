import { timingSafeEqual } from 'node:crypto'
import { accessDenied, invalidArgument, invalidRequest, S3Error, signatureMismatch } from './errors.ts'
import { requestSignature, signingKey, type Signer } from './sigv4.ts'

export interface Account {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly now: () => Date
}

export interface Incoming {
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string>>
}

/** What the caller proved, and what its body has to be. */
export interface Authorized {
  /** Value of x-amz-content-sha256, or UNSIGNED-PAYLOAD for a link. */
  readonly payload: string
  readonly signer: Signer
  /** The first in the chain of chunk signatures. */
  readonly seed: string
}

interface Claim {
  readonly credential: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly timestamp: string
  readonly payload: string
  readonly query: Incoming['query']
}

const algorithm = 'AWS4-HMAC-SHA256'
const maxSkewMs = 15 * 60_000
const maxExpirySeconds = 604_800

/** By Authorization header or by query, as S3 takes them; throws what S3 answers. */
export function authorize(account: Account, request: Incoming): Authorized {
  const isLink = request.query.some(([name]) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature')
  const header = request.headers['authorization']
  if (isLink && header !== undefined) throw invalidArgument('Only one auth mechanism allowed')
  if (isLink) return verify(account, request, claimOfLink(account, request))
  if (header === undefined) throw accessDenied()
  return verify(account, request, claimOfHeader(account, request, header))
}

function claimOfHeader(account: Account, { headers, query }: Incoming, header: string): Claim {
  const [, credential, signedHeaders, signature] = /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(header) ?? []
  if (credential === undefined || signedHeaders === undefined || signature === undefined) throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed')
  const timestamp = headers['x-amz-date'] ?? ''
  if (Math.abs(account.now().getTime() - momentOf(timestamp)) > maxSkewMs)
    throw new S3Error(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.')
  const payload = headers['x-amz-content-sha256']
  if (payload === undefined) throw invalidRequest('Missing required header for this request: x-amz-content-sha256')
  return { credential, signedHeaders: signedHeaders.split(';'), signature, timestamp, payload, query }
}

function claimOfLink(account: Account, { headers, query }: Incoming): Claim {
  const one = (name: string) => {
    const values = query.filter(([each]) => each === `X-Amz-${name}`).map(([, value]) => value)
    const [value] = values
    if (value === undefined || values.length > 1) throw queryFault(`X-Amz-${name} is missing or doubled`)
    return value
  }
  if (one('Algorithm') !== algorithm) throw queryFault(`X-Amz-Algorithm only supports "${algorithm}"`)
  const timestamp = one('Date')
  const expires = one('Expires')
  if (!/^\d{1,7}$/.test(expires) || Number(expires) > maxExpirySeconds) throw queryFault('X-Amz-Expires must be less than a week (in seconds)')
  const ageMs = account.now().getTime() - momentOf(timestamp)
  if (ageMs < -maxSkewMs) throw accessDenied('Request is not yet valid')
  if (ageMs > Number(expires) * 1000) throw accessDenied('Request has expired')
  return {
    credential: one('Credential'),
    signedHeaders: one('SignedHeaders').split(';'),
    signature: one('Signature'),
    timestamp,
    payload: headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
    query: query.filter(([name]) => name !== 'X-Amz-Signature'),
  }
}

function verify(account: Account, request: Incoming, claim: Claim): Authorized {
  const [accessKeyId, date = '', region = '', service, terminator] = claim.credential.split('/')
  if (accessKeyId !== account.accessKeyId) throw new S3Error(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.')
  if (region !== account.region || service !== 's3' || terminator !== 'aws4_request' || !claim.timestamp.startsWith(date) || date.length !== 8)
    throw new S3Error(400, 'AuthorizationHeaderMalformed', `The credential scope is wrong; expecting '${account.region}'`)
  assertHeadersSigned(request, claim)
  const scope = { date, region }
  const signer = { key: signingKey(account.secretAccessKey, scope), scope, timestamp: claim.timestamp }
  const expected = requestSignature(signer, { ...request, query: claim.query, signedHeaders: claim.signedHeaders, payloadHash: claim.payload })
  if (!equal(expected, claim.signature)) throw signatureMismatch()
  return { payload: claim.payload, signer, seed: expected }
}

function assertHeadersSigned({ headers }: Incoming, { signedHeaders }: Claim): void {
  const unsigned = Object.keys(headers).filter((name) => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name))
  if (unsigned.length > 0) throw accessDenied('There were headers present in the request which were not signed')
}

function momentOf(timestamp: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp) ?? []
  if (second === undefined) throw accessDenied('AWS authentication requires a valid Date or x-amz-date header')
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

const queryFault = (message: string) => new S3Error(400, 'AuthorizationQueryParametersError', message)
export const equal = (one: string, other: string) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
