import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { decodeAwsChunks } from './aws-chunked.ts'
import type { Authorized } from './authorize.ts'
import { checksumOf, checksumPattern } from './checksums.ts'
import { invalidArgument, S3Error } from './errors.ts'

/** The bytes of a body in a file of their own, in full and as announced. */
export interface Landed {
  readonly file: string
  readonly size: number
  /** Hex. */
  readonly md5: string
}

export interface Payload {
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Buffer>
  readonly authorized: Authorized
}

/** Writes the bytes to a new file; when they turn out not to be what was announced, nothing is left. */
export async function land(bytes: AsyncIterable<Buffer>, file: string): Promise<Landed> {
  const output = await open(file, 'wx')
  try {
    const md5 = createHash('md5')
    let size = 0
    for await (const piece of bytes) {
      md5.update(piece)
      size += piece.length
      await output.writeFile(piece)
    }
    return { file, size, md5: md5.digest('hex') }
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await output.close()
  }
}

/** The body as the client meant it; throws at its end unless length, signature and checksums fit. */
export async function* decoded({ headers, body, authorized }: Payload): AsyncIterable<Buffer> {
  const isChunked = authorized.payload.startsWith('STREAMING-')
  const length = headers[isChunked ? 'x-amz-decoded-content-length' : 'content-length']
  if (length === undefined) throw new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
  const trailers = new Map<string, string>()
  const trailing = (headers['x-amz-trailer'] ?? '').split(',').map((name) => name.trim().toLowerCase()).filter(Boolean)
  const named = [...Object.keys(headers).filter((name) => checksumPattern.test(name) || name === 'content-md5'), ...trailing]
  const checksums = named.map((name) => ({ name, checksum: checksumOf(name === 'content-md5' ? 'md5' : (checksumPattern.exec(name)?.[1] ?? name)) }))
  const hash = createHash('sha256')
  let size = 0
  for await (const bytes of isChunked ? decodeAwsChunks(body, authorized, trailers) : body) {
    hash.update(bytes)
    for (const { checksum } of checksums) checksum.update(bytes)
    size += bytes.length
    yield bytes
  }
  if (size !== Number(length)) throw new S3Error(400, 'IncompleteBody', 'The number of bytes is not the one that was announced')
  assertPayloadHash(authorized.payload, hash.digest('hex'))
  for (const { name, checksum } of checksums)
    if ((headers[name] ?? trailers.get(name)) !== checksum.base64()) throw new S3Error(400, 'BadDigest', `The ${name} you specified did not match what we received`)
}

function assertPayloadHash(payload: string, actual: string): void {
  if (payload === 'UNSIGNED-PAYLOAD' || payload.startsWith('STREAMING-')) return
  if (!/^[0-9a-f]{64}$/.test(payload)) throw invalidArgument('x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING value or a valid sha256 value.')
  if (payload !== actual) throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The provided x-amz-content-sha256 header does not match what was computed.')
}
