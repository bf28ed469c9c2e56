import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { S3Storage } from '../../src/adapters/s3/s3.ts'
import type { Append } from '../../src/ports/object-storage.ts'
import { contentType, faultOf, mebibyte, pause, s3Rig } from '../support/s3-rig.ts'

const { connect, double, intercept, sent } = s3Rig()

const partBytes = 5 * mebibyte
const connected = () => connect({ resumablePartBytes: partBytes })
const bodyOf = (bytes: Buffer) => Readable.from([bytes], { objectMode: false })

async function begun(store: S3Storage, content: Buffer) {
  const size = content.length
  const uploadId = await store.resumable.start('a', { contentType, size })
  return {
    uploadId,
    append: (offset: number, more: Partial<Append> = {}) =>
      store.resumable.append('a', uploadId, { offset, size, isAtomic: false, body: bodyOf(content.subarray(offset)), ...more }),
    complete: () => store.resumable.complete('a', uploadId, { contentType, size }),
  }
}

async function stored(store: S3Storage): Promise<Buffer> {
  const object = await store.open('a')
  return object ? await buffer(object.body) : Buffer.alloc(0)
}

const partOf = ({ method, url }: IncomingMessage) => (method === 'PUT' ? Number(/partNumber=(\d+)/.exec(url ?? '')?.[1]) : Number.NaN)
const refuse = (response: ServerResponse) => Boolean(response.writeHead(500).end())

describe('an upload in turn to S3', () => {
  test('keeps the tail that an append began with, and no older one', async () => {
    const store = connected()
    const content = randomBytes(partBytes + 1000)
    const { append, complete } = await begun(store, content)
    const steps = [100, 250, 400, partBytes, partBytes + 10, partBytes + 20]
    const kept: string[][] = []
    for (const [index, end] of steps.entries()) {
      const offset = steps[index - 1] ?? 0
      await append(offset, { body: bodyOf(content.subarray(offset, end)) })
      kept.push(double().store.keys())
    }
    const tails = (...offsets: number[]) => offsets.map((offset) => `a.tail-${offset}`)
    expect(kept).toEqual([tails(100), tails(100, 250), tails(250, 400), tails(400), tails(partBytes + 10), tails(partBytes + 10, partBytes + 20)])
    await append(partBytes + 20)
    await complete()
    expect([double().store.keys(), double().store.uploads.size, (await stored(store)).equals(content)]).toEqual([['a'], 0, true])
  })

  test('leaves newer tails to whoever has gone on, and none behind where the upload is over', async () => {
    const [store, another] = [connected(), connected()]
    const content = randomBytes(1000)
    const { append, uploadId } = await begun(store, content)
    const elsewhere = (offset: number, end: number) => another.resumable.append('a', uploadId, { offset, size: 1000, isAtomic: false, body: bodyOf(content.subarray(offset, end)) })
    await append(0, { body: bodyOf(content.subarray(0, 100)) })
    let release: (() => void) | undefined
    intercept(({ method, url }, response) => {
      if (release || method !== 'GET' || url?.includes('prefix') !== true) return false
      release = () => void refuse(response)
      return true
    })
    const body = new Readable({ read: () => undefined })
    body.push(content.subarray(100, 150))
    const stopped = append(100, { body })
    await expect.poll(() => release).toBeDefined()
    await elsewhere(100, 300)
    release?.()
    body.push(null)
    expect(await stopped).toBe(150)
    await append(100, { body: bodyOf(Buffer.alloc(0)) }) // its tidying goes through
    expect(double().store.keys()).toEqual(['a.tail-100', 'a.tail-150', 'a.tail-300'])
    const late = new Readable({ read: () => undefined })
    late.push(content.subarray(300, 350))
    const later = append(300, { body: late })
    await pause(100)
    expect(await elsewhere(300, 1000)).toBe(1000)
    await another.resumable.complete('a', uploadId, { contentType, size: 1000 })
    late.push(null)
    expect(await faultOf(later)).toMatchObject({ code: 'not_found' })
    expect([double().store.keys(), (await stored(store)).equals(content)]).toEqual([['a'], true])
  })

  test('tells safe offsets in order only, whichever part arrives first', async () => {
    const content = randomBytes(8 * partBytes)
    const { append } = await begun(connected(), content)
    let refuseFirst: (() => void) | undefined
    intercept((request, response) => {
      if (partOf(request) !== 1) return false
      refuseFirst = () => void refuse(response)
      request.resume()
      return true
    })
    const told: number[] = []
    const attempt = faultOf(append(0, { onSafe: (offset) => told.push(offset) }))
    while (sent('PUT').length < 8) await pause(10)
    await pause(100)
    refuseFirst?.()
    expect([(await attempt).code, told]).toEqual(['unavailable', []])
    intercept(() => false)
    await append(0, { onSafe: (offset) => told.push(offset) })
    expect(told).toEqual([...new Set(told)].sort((one, other) => one - other))
    expect(told.at(-1)).toBe(content.length)
  })

  test('holds at most three parts under way and one that is being filled', async () => {
    const content = randomBytes(8 * partBytes)
    const { append } = await begun(connected(), content)
    const held: ServerResponse[] = []
    intercept((request, response) => {
      if (Number.isNaN(partOf(request))) return false
      held.push(response)
      request.resume()
      return true
    })
    let given = 0
    function* pieces() {
      for (let at = 0; at < content.length; at += 65_536) {
        given = at + 65_536
        yield content.subarray(at, given)
      }
    }
    const attempt = faultOf(append(0, { body: Readable.from(pieces(), { objectMode: false }) }))
    await pause(1000)
    expect([held.length, given / partBytes < 4.1]).toEqual([3, true])
    for (const response of held) refuse(response)
    expect(await attempt).toMatchObject({ code: 'unavailable' })
  })

  test('goes on after a part was refused, from the last offset that was told', async () => {
    const store = connected()
    const content = randomBytes(4 * partBytes + 10)
    const { append, complete } = await begun(store, content)
    await append(0, { body: bodyOf(content.subarray(0, 10)) })
    let safe = 10
    intercept((request, response) => partOf(request) === 3 && refuse(response))
    expect(await faultOf(append(10, { onSafe: (offset) => (safe = offset) }))).toMatchObject({ code: 'unavailable' })
    expect([10, partBytes, 2 * partBytes]).toContain(safe)
    intercept(() => false)
    expect(await append(safe)).toBe(content.length)
    await complete()
    expect((await stored(store)).equals(content)).toBe(true)
  })

  test('sends again what an atomic append sent that failed', async () => {
    const store = connected()
    const content = randomBytes(2 * partBytes)
    const { append, complete } = await begun(store, content)
    async function* wrong() {
      yield Buffer.alloc(2 * partBytes, 1)
      await pause(300) // so that its parts have arrived
      throw new Error('the checksum does not fit')
    }
    await expect(append(0, { body: Readable.from(wrong()), isAtomic: true })).rejects.toThrow('the checksum does not fit')
    expect(sent('PUT').length).toBeGreaterThan(0)
    expect(await append(0, { isAtomic: true })).toBe(content.length)
    await complete()
    expect((await stored(store)).equals(content)).toBe(true)
  })

  test('completes nothing out of parts of another size', async () => {
    const store = connected()
    const content = randomBytes(2 * partBytes)
    const { append, complete, uploadId } = await begun(store, content)
    await append(0)
    await store.multipart.put('a', uploadId, { number: 2, body: Buffer.alloc(partBytes - 1) })
    expect(await faultOf(complete())).toMatchObject({ code: 'conflict' })
    await append(partBytes)
    await complete()
    expect((await stored(store)).equals(content)).toBe(true)
  })

  test('removes tails that a complete upload left behind, and those of no other key', async () => {
    const store = connected()
    const content = randomBytes(1000)
    const { append, complete } = await begun(store, content)
    await append(0)
    for (const key of ['a.tail-7', 'a.tail-7.tail-8', 'a.tail-x', 'ab.tail-9']) await store.put(key, Buffer.from('x'), { contentType })
    intercept(({ method, url }, response) => method === 'GET' && url?.includes('prefix') === true && refuse(response))
    expect(await faultOf(complete())).toMatchObject({ code: 'unavailable' })
    intercept(() => false)
    expect((await complete()).size).toBe(1000)
    expect(double().store.keys()).toEqual(['a', 'a.tail-7.tail-8', 'a.tail-x', 'ab.tail-9'])
  })

  test('chooses parts by the size of the whole', async () => {
    const store = connected()
    const size = 60_000 * mebibyte
    const uploadId = await store.resumable.start('a', { contentType, size })
    const append = (offset: number, bytes: number) => store.resumable.append('a', uploadId, { offset, size, isAtomic: false, body: bodyOf(Buffer.alloc(bytes)) })
    expect([await append(0, partBytes), sent('PUT').filter((request) => request.includes('partNumber')).length]).toEqual([partBytes, 0])
    expect([await append(partBytes, 8 * mebibyte), (await store.multipart.list('a', uploadId)).map((part) => part.size)]).toEqual([13 * mebibyte, [6 * mebibyte, 6 * mebibyte]])
  })
})
