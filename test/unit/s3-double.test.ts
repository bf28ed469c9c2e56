import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { CopyObjectCommand, CreateMultipartUploadCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type S3Double, startS3Double } from '../support/s3-double.ts'
import { land } from '../support/s3-double/payload.ts'
import { canonicalRequest, emptyHash, requestSignature, sha256, signingKey, uriEncode } from '../support/s3-double/sigv4.ts'

// The examples of the S3 API reference, "Authenticating Requests (AWS Signature Version 4)": their keys, their moment, their bucket.
const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const scope = { date: '20130524', region: 'us-east-1' }
const timestamp = '20130524T000000Z'
const host = 'examplebucket.s3.amazonaws.com'

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

async function send(double: S3Double, { method, path, headers, body }: Sent): Promise<{ status: number; text: string }> {
  const { port } = new URL(double.endpoint)
  return await new Promise((done, failed) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers, setHost: false }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () => done({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }))
    })
    outgoing.on('error', failed).end(body)
  })
}

const authorization = (signedHeaders: string, signature: string) =>
  `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`

const examples: (Sent & { readonly name: string; readonly signed: string; readonly signature: string; readonly status: number })[] = [
  {
    name: 'GET Object with a Range',
    method: 'GET',
    path: '/test.txt',
    headers: { host, range: 'bytes=0-9', 'x-amz-content-sha256': emptyHash, 'x-amz-date': timestamp },
    signed: 'host;range;x-amz-content-sha256;x-amz-date',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    status: 206,
  },
  {
    name: 'PUT Object',
    method: 'PUT',
    path: '/test$file.text',
    headers: {
      host,
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-date': timestamp,
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': sha256('Welcome to Amazon S3.'),
      'content-length': '21',
    },
    body: Buffer.from('Welcome to Amazon S3.'),
    signed: 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    status: 200,
  },
  {
    name: 'GET Bucket Lifecycle',
    method: 'GET',
    path: '/?lifecycle',
    headers: { host, 'x-amz-content-sha256': emptyHash, 'x-amz-date': timestamp },
    signed: 'host;x-amz-content-sha256;x-amz-date',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    status: 404, // the bucket of the double has no lifecycle; past the signature it is
  },
  {
    name: 'GET Bucket (List Objects)',
    method: 'GET',
    path: '/?max-keys=2&prefix=J',
    headers: { host, 'x-amz-content-sha256': emptyHash, 'x-amz-date': timestamp },
    signed: 'host;x-amz-content-sha256;x-amz-date',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    status: 200,
  },
]

const link = (signature: string) =>
  `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=${timestamp}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}`
const linkSignature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'

/** The 65 KiB of "a" in chunks of 64 and 1 KiB, as the examples of chunked uploads send them. */
const chunks = ([first, second, last]: readonly string[], end: string) =>
  Buffer.from(`10000;chunk-signature=${first}\r\n${'a'.repeat(65_536)}\r\n400;chunk-signature=${second}\r\n${'a'.repeat(1024)}\r\n0;chunk-signature=${last}\r\n${end}`)

const chunkedHeaders = { host: 's3.amazonaws.com', 'x-amz-date': timestamp, 'x-amz-storage-class': 'REDUCED_REDUNDANCY', 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '66560' }
const chunkSignatures = [
  'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
]
const chunked = (body: Buffer): Sent => ({
  method: 'PUT',
  path: '/examplebucket/chunkObject.txt',
  headers: {
    ...chunkedHeaders,
    'content-length': '66824',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    authorization: authorization(
      'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    ),
  },
  body,
})

const trailingSignatures = [
  'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
  '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
  '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
]
const trailer = (checksum: string) =>
  `x-amz-checksum-crc32c:${checksum}\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n`
const trailing = (body: Buffer): Sent => ({
  method: 'PUT',
  path: '/examplebucket/chunkObject.txt',
  headers: {
    ...chunkedHeaders,
    'content-length': String(body.length),
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32c',
    authorization: authorization(
      'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    ),
  },
  body,
})

describe('the S3 double, held against the examples that AWS has published', () => {
  let double: S3Double

  beforeAll(async () => {
    double = await startS3Double({ bucket: 'examplebucket', accessKeyId, secretAccessKey, virtualHost: 's3.amazonaws.com', now: () => new Date('2013-05-24T00:00:00Z') })
    const text = Readable.from([Buffer.from('Welcome to Amazon S3.')])
    await double.store.put('test.txt', await land(text, double.store.newFile()), { contentType: 'text/plain', metadata: {} })
  })
  afterAll(() => double.close())

  test('computes the canonical request and the signature of each example', () => {
    const key = signingKey(secretAccessKey, scope)
    for (const { method, path, headers, signed, signature, name } of examples) {
      const [route = '', search = ''] = path.split('?')
      const query = search.split('&').filter(Boolean).map((pair): [string, string] => [pair.split('=')[0] ?? '', pair.split('=')[1] ?? ''])
      const request = { method, path: route, query, headers, signedHeaders: signed.split(';'), payloadHash: headers['x-amz-content-sha256'] ?? '' }
      expect(requestSignature({ key, scope, timestamp }, request), name).toBe(signature)
    }
    const get = { method: 'GET', path: '/test.txt', query: [], headers: { host }, signedHeaders: ['host'], payloadHash: emptyHash }
    expect(canonicalRequest(get)).toBe(`GET\n/test.txt\n\nhost:${host}\n\nhost\n${emptyHash}`)
    expect(uriEncode("a b/c!'()*~é")).toBe('a%20b%2Fc%21%27%28%29%2A~%C3%A9')
  })

  test.each(examples)('accepts $name over HTTP, and refuses it changed', async ({ status, signed, signature, ...sent }) => {
    const headers = { ...sent.headers, authorization: authorization(signed, signature) }
    expect((await send(double, { ...sent, headers })).status).toBe(status)
    const forged = { ...sent.headers, authorization: authorization(signed, signature.replace(/.$/, (last) => (last === '0' ? '1' : '0'))) }
    expect(await send(double, { ...sent, headers: forged })).toMatchObject({ status: 403, text: expect.stringContaining('SignatureDoesNotMatch') })
    expect((await send(double, { ...sent, headers, method: sent.method === 'GET' ? 'DELETE' : 'POST' })).status).toBe(403)
    expect((await send(double, { ...sent, headers: { ...headers, 'x-amz-acl': 'public-read' } })).status).toBe(403)
  })

  test('serves the ten bytes that the first example asks for', async () => {
    const signed = authorization('host;range;x-amz-content-sha256;x-amz-date', 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')
    const headers = { host, range: 'bytes=0-9', 'x-amz-content-sha256': emptyHash, 'x-amz-date': timestamp, authorization: signed }
    expect(await send(double, { method: 'GET', path: '/test.txt', headers })).toEqual({ status: 206, text: 'Welcome to' })
  })

  test('accepts the published link until it expires, for GET alone', async () => {
    expect(await send(double, { method: 'GET', path: link(linkSignature), headers: { host } })).toEqual({ status: 200, text: 'Welcome to Amazon S3.' })
    for (const path of [link(linkSignature.replace('a', 'b')), link(linkSignature).replace('test.txt', 'tesu.txt'), link(linkSignature).replace('86400', '86401')])
      expect((await send(double, { method: 'GET', path, headers: { host } })).status).toBe(403)
    for (const method of ['HEAD', 'PUT', 'POST', 'DELETE']) expect((await send(double, { method, path: link(linkSignature), headers: { host, 'content-length': '0' } })).status).toBe(403)
    expect((await send(double, { method: 'GET', path: link(linkSignature), headers: { host, authorization: 'AWS4-HMAC-SHA256 x' } })).status).toBe(400)
  })

  test('decodes the published chunked upload, and refuses it when a byte of a chunk differs', async () => {
    const body = chunks(chunkSignatures, '\r\n')
    expect(body.length).toBe(66_824)
    expect((await send(double, chunked(body))).status).toBe(200)
    expect(double.store.get('chunkObject.txt')).toMatchObject({ size: 66_560 })
    await double.store.delete('chunkObject.txt')
    expect(await send(double, chunked(Buffer.from(body.toString().replace('aaaa\r\n0;', 'aaab\r\n0;'))))).toMatchObject({ status: 403 })
    expect((await send(double, chunked(chunks([...chunkSignatures].reverse(), '\r\n')))).status).toBe(403)
    expect(double.store.get('chunkObject.txt')).toBeUndefined()
  })

  test('decodes the published chunked upload with a trailer, and refuses it with another checksum', async () => {
    expect((await send(double, trailing(chunks(trailingSignatures, trailer('sOO8/Q=='))))).status).toBe(200)
    expect(double.store.get('chunkObject.txt')).toMatchObject({ size: 66_560 })
    await double.store.delete('chunkObject.txt')
    expect((await send(double, trailing(chunks(trailingSignatures, trailer('sOO8/A=='))))).status).toBe(403)
    expect(double.store.get('chunkObject.txt')).toBeUndefined()
  })
})

describe('the S3 double, spoken to by the SDK with its defaults', () => {
  let double: S3Double
  let client: S3Client

  beforeAll(async () => {
    double = await startS3Double()
    client = clientOf(double)
  })
  afterAll(() => double.close())

  const clientOf = ({ endpoint, accessKeyId, secretAccessKey, region }: S3Double, secret = secretAccessKey) =>
    new S3Client({ endpoint, region, forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId, secretAccessKey: secret } })

  test('takes a stream with a trailing checksum', async () => {
    const body = Buffer.from('0123456789'.repeat(20_000))
    await client.send(new PutObjectCommand({ Bucket: double.bucket, Key: 'a b/ü+%.txt', Body: Readable.from([body.subarray(0, 77_777), body.subarray(77_777)]), ContentLength: body.length }))
    const { Body } = await client.send(new GetObjectCommand({ Bucket: double.bucket, Key: 'a b/ü+%.txt' }))
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
  })

  test('takes a chunked body without signatures, checked by its trailing checksum', async () => {
    const put = (checksum: string) => sendSigned(double, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', Buffer.from(`5\r\nhello\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`))
    expect((await put('NhCmhg==')).status).toBe(200)
    expect(double.store.get('unsigned')).toMatchObject({ size: 5 })
    expect(await put('NhCmhA==')).toMatchObject({ status: 400, text: expect.stringContaining('BadDigest') })
  })

  test('refuses a body that is not the one that was signed', async () => {
    expect(await sendSigned(double, sha256('hello'), Buffer.from('hellO'))).toMatchObject({ status: 400, text: expect.stringContaining('XAmzContentSHA256Mismatch') })
  })

  test('refuses another secret, another key, no signature, and a clock that is wrong', async () => {
    const forbidden = { $metadata: { httpStatusCode: 403 } }
    const head = new HeadObjectCommand({ Bucket: double.bucket, Key: 'x' })
    await expect(clientOf(double, 'nope').send(head)).rejects.toMatchObject(forbidden)
    await expect(clientOf({ ...double, accessKeyId: 'nobody' }).send(new ListObjectsV2Command({ Bucket: double.bucket }))).rejects.toMatchObject({ ...forbidden, name: 'InvalidAccessKeyId' })
    expect((await fetch(`${double.endpoint}/${double.bucket}/x`)).status).toBe(403)
    const late = new S3Client({ endpoint: double.endpoint, region: double.region, forcePathStyle: true, maxAttempts: 1, systemClockOffset: -3_600_000, credentials: double })
    await expect(late.send(new ListObjectsV2Command({ Bucket: double.bucket }))).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' })
  })

  test('writes under conditions, and checks what the client says of its bytes', async () => {
    const target = { Bucket: double.bucket, Key: 'conditional' }
    const { ETag } = await client.send(new PutObjectCommand({ ...target, Body: 'one', IfNoneMatch: '*' }))
    const refused = { $metadata: { httpStatusCode: 412 } }
    await expect(client.send(new PutObjectCommand({ ...target, Body: 'two', IfNoneMatch: '*' }))).rejects.toMatchObject(refused)
    await expect(client.send(new PutObjectCommand({ ...target, Body: 'two', IfMatch: '"other"' }))).rejects.toMatchObject(refused)
    await expect(client.send(new CopyObjectCommand({ ...target, CopySource: `${double.bucket}/conditional`, CopySourceIfMatch: '"other"' }))).rejects.toMatchObject(refused)
    await expect(client.send(new PutObjectCommand({ ...target, Body: 'two', ChecksumCRC32: 'AAAAAA==' }))).rejects.toMatchObject({ name: 'BadDigest' })
    await expect(client.send(new PutObjectCommand({ ...target, Body: 'two', ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }))).rejects.toMatchObject({ name: 'BadDigest' })
    for (const Range of ['bytes=1-', 'bytes=-2']) expect(await client.send(new HeadObjectCommand({ ...target, Range }))).toMatchObject({ ETag, ContentLength: 2, ContentRange: 'bytes 1-2/3' })
    await expect(client.send(new GetObjectCommand({ ...target, Range: 'bytes=3-' }))).rejects.toMatchObject({ name: 'InvalidRange', $metadata: { httpStatusCode: 416 } })
  })

  test('names what is missing as S3 does', async () => {
    await expect(client.send(new GetObjectCommand({ Bucket: double.bucket, Key: 'none' }))).rejects.toMatchObject({ name: 'NoSuchKey' })
    await expect(client.send(new GetObjectCommand({ Bucket: 'another', Key: 'none' }))).rejects.toMatchObject({ name: 'NoSuchBucket' })
    await expect(client.send(new UploadPartCommand({ Bucket: double.bucket, Key: 'none', UploadId: 'x', PartNumber: 1, Body: 'x' }))).rejects.toMatchObject({ name: 'NoSuchUpload' })
    expect((await client.send(new CreateMultipartUploadCommand({ Bucket: double.bucket, Key: 'some' }))).UploadId).toMatch(/./)
  })

  test('lists in pages with prefix, delimiter and encoding', async () => {
    for (const Key of ['list/a/1', 'list/a/2', 'list/b', 'list/c d', 'list/z/1']) await client.send(new PutObjectCommand({ Bucket: double.bucket, Key, Body: 'x' }))
    const common = { Bucket: double.bucket, Prefix: 'list/', Delimiter: '/', MaxKeys: 2, EncodingType: 'url' } as const
    const first = await client.send(new ListObjectsV2Command(common))
    expect([first.CommonPrefixes?.map(({ Prefix }) => Prefix), first.Contents?.map(({ Key }) => Key), first.IsTruncated]).toEqual([['list%2Fa%2F'], ['list%2Fb'], true])
    const second = await client.send(new ListObjectsV2Command({ ...common, ContinuationToken: first.NextContinuationToken }))
    expect([second.CommonPrefixes?.map(({ Prefix }) => Prefix), second.Contents?.map(({ Key }) => Key), second.IsTruncated]).toEqual([['list%2Fz%2F'], ['list%2Fc%20d'], false])
  })
})

/** A PUT of `unsigned`, signed here by header with the payload hash given. */
async function sendSigned(double: S3Double, payloadHash: string, body: Buffer) {
  const at = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const isChunked = payloadHash.startsWith('STREAMING')
  const headers: Record<string, string> = {
    host: new URL(double.endpoint).host,
    'x-amz-date': at,
    'x-amz-content-sha256': payloadHash,
    ...(isChunked && { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' }),
  }
  const signedHeaders = Object.keys(headers).sort()
  const scope = { date: at.slice(0, 8), region: double.region }
  const path = `/${double.bucket}/unsigned`
  const signature = requestSignature({ key: signingKey(double.secretAccessKey, scope), scope, timestamp: at }, { method: 'PUT', path, query: [], headers, signedHeaders, payloadHash })
  const credential = `${double.accessKeyId}/${scope.date}/${scope.region}/s3/aws4_request`
  const signed = { ...headers, 'content-length': String(body.length), authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}` }
  return await send(double, { method: 'PUT', path, headers: signed, body })
}
