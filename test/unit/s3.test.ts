import { execFile } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { contentType, faultOf, mebibyte, pause, put, s3Rig } from '../support/s3-rig.ts'

const { connect, double, intercept } = s3Rig()

describe('the S3 store', () => {
  test('loads the SDK at the first use, not at start', async () => {
    const script = `
      const { createS3 } = await import('./src/adapters/s3/s3.ts')
      const { createRequire } = await import('node:module')
      const isLoaded = () => Object.keys(createRequire(process.cwd() + '/x.js').cache).some((file) => file.includes('client-s3'))
      const store = createS3({ bucket: 'b', region: 'us-east-1', endpoint: 'http://127.0.0.1:9', forcePathStyle: true, accessKeyId: 'a', secretAccessKey: 'b', maxAttempts: 1 })
      const before = isLoaded()
      await store.head('a').catch(() => undefined)
      console.log(JSON.stringify([before, isLoaded()]))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    expect(JSON.parse(stdout)).toEqual([false, true])
  })

  test('names the object store, and neither host nor SDK, when it cannot be reached', async () => {
    const store = connect({ endpoint: 'http://127.0.0.1:9' })
    const faults = await Promise.all([store.head('a'), store.open('a'), put(store, 'a', 'x'), store.check(new AbortController().signal), store.delete(['a', 'b'])].map(faultOf))
    for (const { code, message, retryAfterSeconds } of faults) expect([code, message, retryAfterSeconds]).toEqual(['unavailable', 'The object store is not available', 5])
  })

  test('says when it is refused, and when there is no bucket', async () => {
    const signal = new AbortController().signal
    expect(await faultOf(connect({ secretAccessKey: 'wrong' }).check(signal))).toMatchObject({ code: 'unavailable', message: 'The object store refuses the server’s credentials' })
    for (const work of [connect({ bucket: 'other' }).check(signal), connect({ bucket: 'other' }).open('a')])
      expect(await faultOf(work)).toMatchObject({ code: 'unavailable', message: 'The object store has no such bucket' })
  })

  test('gives up on a store that does not answer: each kind of request in its time', async () => {
    const store = connect()
    await store.check(new AbortController().signal)
    const uploadId = await store.multipart.start('a', { contentType })
    const part = await store.multipart.put('a', uploadId, { number: 1, body: Buffer.from('x') })
    const hasty = connect({ idleTimeoutMs: 300, workTimeoutMs: 600 })
    intercept(() => true)
    const began = Date.now()
    const { multipart } = hasty
    const works = [hasty.head('a'), hasty.open('a'), put(hasty, 'a', 'x'), hasty.delete(['a']), multipart.complete('a', uploadId, [part]), multipart.list('a', uploadId)]
    for (const { code, message } of await Promise.all(works.map(faultOf))) expect([code, message]).toEqual(['gateway_timeout', 'The object store did not answer in time'])
    expect(Date.now() - began).toBeLessThan(5_000)
  })

  test('gives up on an answer that begins and does not end', async () => {
    intercept((_, response) => response.writeHead(200, { 'content-type': 'application/xml' }).write('<?xml version="1.0"?><ListBucketResult>'))
    const listing = connect({ idleTimeoutMs: 300 }).list('a')[Symbol.asyncIterator]()
    expect(await faultOf(Promise.resolve(listing.next()))).toMatchObject({ code: 'gateway_timeout' })
  })

  test('ends a request whose signal is aborted, with the signal’s reason', async () => {
    const store = connect()
    intercept(() => true)
    const abort = new AbortController()
    setTimeout(() => abort.abort(new Error('the client left')), 50)
    const works = [store.head('a', abort.signal), store.open('a', { signal: abort.signal }), store.put('a', Buffer.from('x'), { contentType, signal: abort.signal }), store.check(abort.signal)]
    for (const result of await Promise.allSettled(works)) expect(result).toMatchObject({ reason: { message: 'the client left' } })
  })

  test('leaves no listener on a signal that lives on', async () => {
    const store = connect()
    const { signal } = new AbortController()
    await store.put('a', Readable.from([Buffer.alloc(9 * mebibyte)]), { contentType, signal })
    for (let round = 0; round < 20; round += 1) {
      await store.head('a', signal)
      const object = await store.open('a', { signal, range: { start: 0, end: 9 } })
      expect(object && (await text(object.body))).toHaveLength(10)
    }
    await pause(20)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('tries again what failed by chance', async () => {
    let failures = 2
    intercept((_, response) => failures-- > 0 && Boolean(response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')))
    expect(await connect({ maxAttempts: 3 }).head('a')).toBeUndefined()
    failures = 99
    expect(await faultOf(connect({ maxAttempts: 2 }).head('a'))).toMatchObject({ code: 'unavailable' })
    expect(failures).toBe(97)
  })
})

describe('links to S3', () => {
  const inAnHour = () => new Date(Date.now() + 3_600_000)

  test('lead to the public endpoint, and sign what the upload must be', async () => {
    const store = connect({ publicEndpoint: 'https://media.example.com' })
    const get = new URL(await store.signGet('a/b', { disposition: 'inline', contentType, expires: inAnHour() }))
    expect([get.origin, get.pathname, get.searchParams.get('X-Amz-SignedHeaders')]).toEqual(['https://media.example.com', `/${double().bucket}/a/b`, 'host'])
    expect(Number(get.searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(3600)
    const { url, headers } = await store.signPut('a/b', { contentType: 'video/mp4', size: 5, expires: inAnHour() })
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;content-type;host')
    expect([headers, url.includes('checksum')]).toEqual([{ 'content-type': 'video/mp4' }, false])
    expect(double().requests).toEqual([])
  })

  test('refuse a life that no store grants', async () => {
    await expect(connect().signGet('a', { disposition: 'inline', contentType, expires: new Date(Date.now() + 8 * 86_400_000) })).rejects.toThrow(RangeError)
  })
})
