import { createHash } from 'node:crypto'
import { type Authorized, equal } from './authorize.ts'
import { S3Error, signatureMismatch } from './errors.ts'
import { chunkSignature, trailerSignature } from './sigv4.ts'

const malformed = () => new S3Error(400, 'IncompleteBody', 'The request body is not in the form that x-amz-content-sha256 announces')
const longestLine = 16_384

/** Decodes the content encoding `aws-chunked`, each chunk against its signature where they are signed; headers that trail the body go into `trailers`. */
export async function* decodeAwsChunks(encoded: AsyncIterable<Buffer>, { payload, signer, seed }: Authorized, trailers: Map<string, string>): AsyncIterable<Buffer> {
  const isSigned = payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
  const reader = new Reader(encoded)
  let previous = seed
  for (let size = -1; size !== 0; ) {
    const [, hexSize, signature] = /^([0-9a-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec((await reader.line()) ?? '') ?? []
    if (hexSize === undefined || (signature === undefined) === isSigned) throw malformed()
    size = Number.parseInt(hexSize, 16)
    const hash = createHash('sha256')
    for await (const bytes of reader.bytes(size)) {
      hash.update(bytes)
      yield bytes
    }
    if (signature !== undefined) {
      if (!equal(chunkSignature(signer, previous, hash.digest('hex')), signature)) throw signatureMismatch()
      previous = signature
    }
    if (size > 0 && (await reader.line()) !== '') throw malformed()
  }
  await readTrailers(reader, trailers)
  if (payload === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER') assertTrailersSigned(trailers, (text) => trailerSignature(signer, previous, text))
}

async function readTrailers(reader: Reader, trailers: Map<string, string>): Promise<void> {
  for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
    if (line === '') continue
    const [, name, value] = /^([a-z0-9-]+):\s*(.*)$/i.exec(line) ?? []
    if (name === undefined || value === undefined) throw new S3Error(400, 'MalformedTrailerError', 'The request contained trailing data that was not well-formed')
    trailers.set(name.toLowerCase(), value)
  }
}

function assertTrailersSigned(trailers: Map<string, string>, signatureOf: (text: string) => string): void {
  const signature = trailers.get('x-amz-trailer-signature') ?? ''
  trailers.delete('x-amz-trailer-signature')
  const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
  if (!equal(signatureOf(text), signature)) throw signatureMismatch()
}

class Reader {
  readonly #source: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    if (done === true) return false
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value])
    return true
  }

  /** Without its CRLF; `undefined` at the end of the body. */
  async line(): Promise<string | undefined> {
    let end = this.#held.indexOf('\r\n')
    while (end < 0) {
      if (this.#held.length > longestLine) throw malformed()
      if (!(await this.#more())) {
        if (this.#held.length > 0) throw malformed()
        return undefined
      }
      end = this.#held.indexOf('\r\n')
    }
    const line = this.#held.subarray(0, end).toString('latin1')
    this.#held = this.#held.subarray(end + 2)
    return line
  }

  async *bytes(count: number): AsyncIterable<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#more())) throw malformed()
      const piece = this.#held.subarray(0, left)
      this.#held = this.#held.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }
}
