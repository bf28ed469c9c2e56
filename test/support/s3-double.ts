import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Account, authorize } from './s3-double/authorize.ts'
import { deleteObjects, listObjects } from './s3-double/bucket.ts'
import { S3Error } from './s3-double/errors.ts'
import { answer, type Exchange } from './s3-double/exchange.ts'
import { abortUpload, completeUpload, copyPart, listParts, putPart, startUpload } from './s3-double/multipart.ts'
import { copyObject, deleteObject, putObject, serveObject } from './s3-double/objects.ts'
import { Store } from './s3-double/store.ts'
import { writeXml } from './s3-double/xml.ts'

export interface S3DoubleOptions {
  readonly bucket?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly region?: string
  readonly now?: () => Date
  /** `bucket.<this>` as host names the bucket too, as AWS has it. */
  readonly virtualHost?: string
  /** As servers do that do not know the newer checksums. */
  readonly requiresContentMd5?: boolean
}

/** Sees a request before the double does; true = it has answered, or will. */
export type Interceptor = (request: IncomingMessage, response: ServerResponse) => boolean

export interface S3Double extends Required<Pick<S3DoubleOptions, 'bucket' | 'accessKeyId' | 'secretAccessKey' | 'region'>> {
  readonly endpoint: string
  readonly store: Store
  /** `METHOD /path?query`, in order. */
  readonly requests: readonly string[]
  intercept(interceptor: Interceptor | undefined): void
  close(): Promise<void>
}

/**
 * An S3 server for tests, **ours and not AWS's**: one bucket, one account. It verifies every signature (header, link and chunked bodies), since no S3 server on npm does.
 * test/unit/s3-double.test.ts holds it against AWS's published examples; `npm run test:s3` runs the same contract against a real server.
 */
export async function startS3Double(options: S3DoubleOptions = {}): Promise<S3Double> {
  const { bucket = 'double', accessKeyId = 'AKIADOUBLE', secretAccessKey = 'double-secret', region = 'us-east-1', now = () => new Date(), virtualHost = 's3.localhost' } = options
  const store = await Store.open(now)
  const requests: string[] = []
  let interceptor: Interceptor | undefined
  const double = { store, bucket, virtualHost, account: { accessKeyId, secretAccessKey, region, now }, requiresContentMd5: options.requiresContentMd5 ?? false }
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    if (interceptor?.(request, response) !== true) void serve(double, request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    accessKeyId,
    secretAccessKey,
    region,
    store,
    requests,
    intercept: (next) => void (interceptor = next),
    close: () => closeServer(server, store),
  }
}

async function closeServer(server: Server, store: Store): Promise<void> {
  const closed = new Promise((done) => server.close(done))
  server.closeAllConnections()
  await closed
  await store.close()
}

interface Double {
  readonly store: Store
  readonly bucket: string
  readonly virtualHost: string
  readonly account: Account
  readonly requiresContentMd5: boolean
}

async function serve(double: Double, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('x-amz-request-id', 'DOUBLE')
  try {
    const exchange = read(double, request, response)
    await operationOf(exchange)(exchange)
  } catch (error) {
    refuse(request, response, error)
  }
  request.resume() // a body that nobody wanted must not hold the connection
}

function read({ account, bucket, store, virtualHost, requiresContentMd5 }: Double, request: IncomingMessage, response: ServerResponse): Exchange {
  const { method = '', url = '/' } = request
  const [path = '/', search = ''] = url.split(/\?(.*)/s)
  const query = search.split('&').filter(Boolean).map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    return [unescape(name), unescape(value)] as const
  })
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : (value ?? '')]))
  const authorized = authorize(account, { method, path, query, headers })
  const inHost = headers['host']?.startsWith(`${bucket}.${virtualHost}`) === true
  const [named = '', key = ''] = inHost ? [bucket, decodeURIComponent(path.slice(1))] : decodeURIComponent(path.slice(1)).split(/\/(.*)/s)
  if (named !== bucket) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist')
  return { store, bucket, method, key, query: new Map(query), headers, authorized, request, response, requiresContentMd5 }
}

const unescape = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))

type Operation = (exchange: Exchange) => Promise<void>

function operationOf({ method, key, query, headers }: Exchange): Operation {
  const copies = headers['x-amz-copy-source'] !== undefined
  const kind = `${method} ${key === '' ? 'bucket' : query.has('uploadId') || query.has('uploads') ? 'upload' : 'object'}${copies ? ' copy' : ''}`
  const operation = operations[kind]
  if (kind === 'GET bucket' && query.has('lifecycle')) throw new S3Error(404, 'NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist')
  if (!operation || (kind === 'POST bucket' && !query.has('delete'))) throw new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.')
  return operation
}

const operations: Readonly<Record<string, Operation>> = {
  'HEAD bucket': async (exchange) => answer(exchange, 200),
  'GET bucket': listObjects,
  'POST bucket': deleteObjects,
  'GET object': serveObject,
  'HEAD object': serveObject,
  'PUT object': putObject,
  'PUT object copy': copyObject,
  'DELETE object': deleteObject,
  'POST upload': (exchange) => (exchange.query.has('uploads') ? startUpload(exchange) : completeUpload(exchange)),
  'PUT upload': putPart,
  'PUT upload copy': copyPart,
  'GET upload': listParts,
  'DELETE upload': abortUpload,
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const { status, code, message, headers } = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error))
  const text = request.method === 'HEAD' ? '' : writeXml(['Error', [['Code', code], ['Message', message], ['RequestId', 'DOUBLE']]])
  response.writeHead(status, { ...headers, 'content-type': 'application/xml', 'content-length': Buffer.byteLength(text) }).end(text)
}
