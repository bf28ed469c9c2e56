import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect } from 'vitest'
import type { ObjectStorage } from '../../../src/ports/object-storage.ts'
import { contentType, faultOf, keysOf, mebibyte, pause, put, read, readText, type Suite } from './suite.ts'

/** A stream of `size` bytes that is made as it is read; calls back with how many have been. */
function streamOf(size: number, onBytes: (sent: number) => void = () => undefined): { readonly body: Readable; readonly digest: () => string } {
  const block = randomBytes(256 * 1024)
  const hash = createHash('sha256')
  function* blocks() {
    for (let sent = 0; sent < size; ) {
      const piece = block.subarray(0, Math.min(block.length, size - sent))
      hash.update(piece)
      sent += piece.length
      yield piece
      onBytes(sent)
    }
  }
  return { body: Readable.from(blocks(), { objectMode: false }), digest: () => hash.digest('hex') }
}

async function digestOf(store: ObjectStorage, key: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of (await store.open(key))?.body ?? []) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export function checkWriting({ check, newKey, store }: Suite): void {
  check('takes streams of unknown length: nothing, a byte, some, and more than fits a part', async () => {
    for (const size of [0, 1, 70_000, 8 * mebibyte, 20 * mebibyte + 3]) {
      const key = newKey()
      const { body, digest } = streamOf(size)
      const made = await store().put(key, body, { contentType })
      expect(made.size).toBe(size)
      expect(await store().head(key)).toMatchObject({ size, etag: made.etag })
      expect(await digestOf(store(), key)).toBe(digest())
    }
  })

  check('puts over an object that is there', async () => {
    const key = newKey()
    await put(store(), key, 'a longer one')
    await put(store(), key, 'short')
    expect(await readText(store(), key)).toBe('short')
  })

  check('leaves nothing of a stream that breaks off, and the older object as it was', async () => {
    for (const breaksAt of [0, 100_000, 18 * mebibyte]) {
      const key = newKey()
      const fail = () =>
        store().put(key, brokenStream(breaksAt), { contentType }).then(
          () => 'stored',
          (error: unknown) => error,
        )
      expect(await fail()).toMatchObject({ message: 'the sender left' })
      expect([await store().head(key), await keysOf(store(), key)]).toEqual([undefined, []])
      const { etag } = await put(store(), key, 'older')
      expect(await fail()).toMatchObject({ message: 'the sender left' })
      expect((await store().head(key))?.etag).toBe(etag)
    }
  })

  check('leaves nothing of a stream that is destroyed without a word', async () => {
    const key = newKey()
    const body = new Readable({ read: () => undefined })
    for (let piece = 0; piece < 100; piece += 1) body.push(Buffer.alloc(100_000, 1))
    setTimeout(() => body.destroy(), 100)
    await expect(store().put(key, body, { contentType })).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    expect(await store().head(key)).toBeUndefined()
  })

  check('leaves nothing of a put that is aborted, before or midway', async () => {
    for (const abortsAt of [1, 100_000, 17 * mebibyte]) {
      const key = newKey()
      const abort = new AbortController()
      const { body } = streamOf(40 * mebibyte, (sent) => sent >= abortsAt && abort.abort(new Error('changed my mind')))
      await expect(store().put(key, body, { contentType, signal: abort.signal })).rejects.toThrow('changed my mind')
      expect(body.destroyed).toBe(true)
      await expect(store().put(key, Buffer.from('x'), { contentType, signal: abort.signal })).rejects.toThrow('changed my mind')
      await pause(100)
      expect(await store().head(key)).toBeUndefined()
    }
  })

  check('makes one whole object of 64 parallel puts on one key', async () => {
    const key = newKey()
    const bodyOf = (index: number) => Buffer.alloc(64 * 1024 + index, index)
    const heads = await Promise.all(Array.from({ length: 64 }, (_, index) => store().put(key, index % 2 ? bodyOf(index) : Readable.from([bodyOf(index)]), { contentType })))
    const stored = await read(store(), key)
    const index = stored.length - 64 * 1024
    expect(stored.equals(bodyOf(index))).toBe(true)
    expect((await store().head(key))?.etag).toBe(heads[index]?.etag)
    expect(await keysOf(store(), key)).toEqual([key])
  }, 60_000)

  check('loses no put to deletions beside it', async () => {
    const base = newKey('folder')
    // Two to a folder, so that it is often the other's deletion that empties it.
    await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        const key = `${base}/${index % 8}/deeper/${index}`
        for (let round = 0; round < 12; round += 1) {
          await put(store(), key, `${key} ${round}`)
          expect(await readText(store(), key)).toBe(`${key} ${round}`)
          await store().delete([key])
        }
        await put(store(), `${base}/${index % 8}/kept-${index}`, 'kept')
      }),
    )
    const kept = Array.from({ length: 16 }, (_, index) => `${base}/${index % 8}/kept-${index}`)
    expect(await keysOf(store(), `${base}/`)).toEqual(kept.sort())
  }, 60_000)

  check('copies: the same bytes under another key, whatever was there before', async () => {
    const [from, to] = [newKey(), newKey()]
    const { body, digest } = streamOf(11 * mebibyte)
    await store().put(from, body, { contentType })
    await put(store(), to, 'older')
    const made = await store().copy(from, to, { contentType: 'video/mp4' })
    const hash = digest()
    expect(await digestOf(store(), to)).toBe(hash)
    expect(await store().head(to)).toMatchObject({ size: 11 * mebibyte, etag: made.etag })
    await store().copy(to, to, { contentType })
    await store().delete([from])
    expect(await digestOf(store(), to)).toBe(hash)
  })

  check('copies nothing that is not there', async () => {
    const to = newKey()
    expect(await faultOf(store().copy(newKey(), to, { contentType }))).toBe('not_found')
    expect(await store().head(to)).toBeUndefined()
  })

  check('keeps memory flat while 200 MB go through', async () => {
    const key = newKey()
    const size = 200 * mebibyte
    await store().put(newKey(), streamOf(20 * mebibyte).body, { contentType }) // loads what is loaded once
    const before = process.memoryUsage.rss()
    let peak = before
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 10)
    const { body, digest } = streamOf(size)
    await store().put(key, body, { contentType })
    expect(await digestOf(store(), key)).toBe(digest())
    clearInterval(watch)
    expect((peak - before) / mebibyte).toBeLessThan(100)
    await store().delete([key])
  }, 120_000)
}

function brokenStream(after: number): Readable {
  function* blocks() {
    for (let sent = 0; sent < after; sent += 100_000) yield Buffer.alloc(Math.min(100_000, after - sent), 1)
    throw new Error('the sender left')
  }
  return Readable.from(blocks(), { objectMode: false })
}
