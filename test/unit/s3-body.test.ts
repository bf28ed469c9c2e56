import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { S3Storage } from '../../src/adapters/s3/s3.ts'
import type { OpenOptions } from '../../src/ports/object-storage.ts'
import { faultOf, mebibyte, pause, put, s3Rig } from '../support/s3-rig.ts'

const { connect, intercept, sent } = s3Rig()

async function read(store: S3Storage, key: string, options: OpenOptions = {}): Promise<Buffer> {
  const object = await store.open(key, options)
  if (!object) throw new Error('There is no such object')
  return await buffer(object.body)
}

/** Answers a GET of `bytes` with its first part, and then does as told. */
const breakOff = (bytes: Buffer, then: (response: ServerResponse) => void, at = 100_000) => (response: ServerResponse) => {
  response.writeHead(200, { etag: '"known"', 'content-length': bytes.length, 'last-modified': new Date().toUTCString() })
  response.write(bytes.subarray(0, at), () => setTimeout(then, 20, response))
}

describe('the body of an S3 object', () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))

  test.each([
    ['breaks', (response: ServerResponse) => response.destroy()],
    ['falls silent', () => undefined],
  ])('goes on from the next byte, of the same object, when its connection %s', async (_, then) => {
    const conditions: unknown[] = []
    intercept((request, response) => {
      conditions.push([request.headers.range, request.headers['if-match']])
      if (conditions.length === 1) breakOff(bytes, then)(response)
      else response.writeHead(206, { etag: '"known"', 'content-range': 'bytes 100000-299999/300000', 'content-length': 200_000 }).end(bytes.subarray(100_000))
      return true
    })
    expect((await read(connect({ idleTimeoutMs: 1_000 }), 'a')).equals(bytes)).toBe(true)
    expect(conditions).toEqual([[undefined, undefined], ['bytes=100000-299999', '"known"']])
  })

  test('goes on when an answer ends too early as if it were whole', async () => {
    const ranges: unknown[] = []
    intercept((request, response) => {
      const start = Number(/=(\d+)-/.exec(request.headers.range ?? '')?.[1])
      ranges.push(start)
      response.writeHead(206, { etag: '"known"', 'content-range': `bytes ${start}-299999/300000` }).end(bytes.subarray(start, start + 120_000))
      return true
    })
    expect((await read(connect(), 'a', { range: { start: 0 } })).equals(bytes)).toBe(true)
    expect(ranges).toEqual([0, 120_000, 240_000])
  })

  test('ends in precondition_failed when the object was replaced meanwhile', async () => {
    const store = connect()
    await put(store, 'a', 'another')
    let isFirst = true
    intercept((request, response) => {
      if (request.method !== 'GET' || !isFirst) return false
      isFirst = false
      breakOff(bytes, () => response.destroy())(response)
      return true
    })
    expect(await faultOf(read(store, 'a'))).toMatchObject({ code: 'precondition_failed' })
  })

  test('gives up after connections that bring nothing', async () => {
    intercept((_, response) => {
      breakOff(bytes, () => response.destroy(), 0)(response)
      return true
    })
    const store = connect()
    const object = await store.open('a')
    intercept((_, response) => {
      response.writeHead(206, { etag: '"known"', 'content-range': 'bytes 0-299999/300000', 'content-length': 300_000 }).flushHeaders()
      setTimeout(() => response.destroy(), 10)
      return true
    })
    expect(await faultOf(buffer(object?.body ?? Readable.from([])))).toMatchObject({ code: 'unavailable' })
    expect(sent('GET')).toHaveLength(3)
  })

  test('lets its reader pause for longer than the store may', async () => {
    const store = connect({ idleTimeoutMs: 700 })
    await put(store, 'a', Buffer.alloc(8 * mebibyte, 5))
    const object = await store.open('a')
    let size = 0
    for await (const chunk of object?.body ?? []) {
      if (size === 0) await pause(1_500)
      size += (chunk as Buffer).length
    }
    expect([size, sent('GET').length]).toEqual([8 * mebibyte, 1])
  })

  test('gives its connection back, and holds nobody up while it waits for its reader', async () => {
    const store = connect()
    await put(store, 'a', Buffer.alloc(mebibyte))
    const waiting = await Promise.all(Array.from({ length: 120 }, () => store.open('a')))
    expect((await read(store, 'a')).length).toBe(mebibyte)
    for (const object of waiting) object?.body.destroy()
  })

  test('is never the whole in place of a range', async () => {
    intercept((_, response) => Boolean(response.writeHead(200, { etag: '"known"', 'content-length': 5 }).end('hello')))
    expect(await faultOf(connect().open('a', { range: { start: 2 } }))).toMatchObject({ code: 'unavailable', message: 'The object store does not serve ranges' })
  })
})
