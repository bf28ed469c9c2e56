import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { contentType, faultOf, mebibyte, pause, put, s3Rig } from '../support/s3-rig.ts'

const { connect, double, intercept, restart, sent } = s3Rig()

async function* endless(sizes: { total: number }) {
  for (;;) {
    sizes.total += mebibyte
    yield Buffer.alloc(mebibyte)
    await pause(1)
  }
}

describe('writing to S3', () => {
  test('stops reading the stream when a part is refused, and gives the upload up', async () => {
    const store = connect()
    intercept((request, response) => request.url?.includes('partNumber=2') === true && Boolean(response.writeHead(500).end()))
    const read = { total: 0 }
    expect(await faultOf(store.put('a', Readable.from(endless(read), { objectMode: false }), { contentType }))).toMatchObject({ code: 'unavailable' })
    expect(read.total).toBeLessThan(60 * mebibyte)
    expect([double().store.uploads.size, await store.head('a')]).toEqual([0, undefined])
  })

  test('gives the upload up when it is aborted', async () => {
    const abort = new AbortController()
    const read = { total: 0 }
    setTimeout(() => abort.abort(new Error('changed my mind')), 150)
    await expect(connect().put('a', Readable.from(endless(read), { objectMode: false }), { contentType, signal: abort.signal })).rejects.toThrow('changed my mind')
    expect([double().store.uploads.size, double().store.get('a')]).toEqual([0, undefined])
  })

  test('chooses parts by the size, where that is known', async () => {
    const store = connect()
    const body = () => Readable.from([Buffer.alloc(12 * mebibyte)])
    await store.put('a', body(), { contentType, size: 12 * mebibyte })
    expect(sent('PUT')).toHaveLength(2)
    await store.put('a', body(), { contentType, size: 130_000 * mebibyte })
    expect(sent('PUT')).toHaveLength(3)
  })

  test('deletes one by one where the store wants the older checksum, and asks only once', async () => {
    await restart({ requiresContentMd5: true })
    const store = connect()
    const keys = Array.from({ length: 30 }, (_, index) => `k/${index}`)
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(keys.map((key) => put(store, key, 'x')))
      await store.delete(keys)
      expect(double().store.keys()).toEqual([])
    }
    expect([sent('POST').length, sent('DELETE').length]).toEqual([1, 60])
  })

  test('does not pass over what the store could not delete', async () => {
    intercept((request, response) => {
      if (request.method !== 'POST') return false
      response.writeHead(200).end('<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>')
      return true
    })
    expect(await faultOf(connect().delete(['a', 'b']))).toMatchObject({ code: 'unavailable', message: 'The object store did not delete everything' })
  })

  test('copies what is too large for one request in parts, by the store itself', async () => {
    const store = connect({ copyAtOnceBytes: 5 * mebibyte })
    const content = Buffer.concat([Buffer.alloc(5 * mebibyte, 1), Buffer.alloc(5 * mebibyte, 2), Buffer.alloc(77, 3)])
    await put(store, 'a b/ü', content)
    const made = await store.copy('a b/ü', 'to', { contentType: 'video/mp4' })
    expect(made).toMatchObject({ size: content.length, etag: expect.stringMatching(/-3$/) })
    const object = await store.open('to')
    expect(object && (await buffer(object.body)).equals(content)).toBe(true)
    expect(double().store.get('to')?.contentType).toBe('video/mp4')
    intercept((request, response) => request.url?.includes('partNumber=2') === true && Boolean(response.writeHead(500).end()))
    expect(await faultOf(store.copy('a b/ü', 'again', { contentType }))).toMatchObject({ code: 'unavailable' })
    expect([double().store.uploads.size, await store.head('again')]).toEqual([0, undefined])
  })

  test('copies no mixture of a source that is replaced meanwhile', async () => {
    const store = connect({ copyAtOnceBytes: 5 * mebibyte })
    await put(store, 'from', Buffer.alloc(11 * mebibyte, 1))
    await put(store, 'next', Buffer.alloc(11 * mebibyte, 2))
    const next = double().store.get('next')
    intercept(({ url }) => {
      if (next && url?.includes('partNumber=2') === true) void double().store.put('from', { ...next, md5: next.etag }, next)
      return false
    })
    expect(await faultOf(store.copy('from', 'to', { contentType }))).toMatchObject({ code: 'precondition_failed' })
    expect([double().store.uploads.size, await store.head('to')]).toEqual([0, undefined])
  })
})
