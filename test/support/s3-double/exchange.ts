import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authorized } from './authorize.ts'
import { decoded, land, type Landed } from './payload.ts'
import type { Attributes, Store } from './store.ts'
import { type Element, writeXml } from './xml.ts'

/** One authorized request and its answer. */
export interface Exchange {
  readonly store: Store
  readonly bucket: string
  readonly method: string
  /** Empty for the bucket itself. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  readonly headers: Readonly<Record<string, string>>
  readonly authorized: Authorized
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requiresContentMd5: boolean
}

export const landed = (exchange: Exchange): Promise<Landed> => land(bodyOf(exchange), exchange.store.newFile())

/** For the small XML bodies of operations. */
export async function bodyText(exchange: Exchange): Promise<string> {
  const pieces: Buffer[] = []
  for await (const bytes of bodyOf(exchange)) pieces.push(bytes)
  return Buffer.concat(pieces).toString()
}

const bodyOf = ({ headers, request, authorized }: Exchange) => decoded({ headers, body: request, authorized })

export const attributesOf = ({ headers }: Exchange): Attributes => ({
  contentType: headers['content-type'] ?? 'binary/octet-stream',
  metadata: Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'))),
})

export function answer({ response }: Exchange, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, headers).end()
}

export function answerXml({ response }: Exchange, root: Element): void {
  const text = writeXml(root)
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(text) }).end(text)
}
