import { randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect } from 'vitest'
import type { Append, ObjectStorage } from '../../../src/ports/object-storage.ts'
import { contentType, faultOf, keysOf, mebibyte, pause, put, read, readText, type Suite, type StoreUnderTest } from './suite.ts'

export interface ResumableUnderTest extends StoreUnderTest {
  /** As another process has it. */
  readonly another: ObjectStorage
}

/** What the stores on S3 are tried with; to a disk it is a size like any other. */
export const partBytes = 5 * mebibyte

/** The same numbers in 0…1 at every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), state | 1)
    const once = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61))
    return ((once ^ (once >>> 14)) >>> 0) / 2 ** 32
  }
}

function* piecesOf(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

const bodyOf = (bytes: Buffer) => Readable.from(piecesOf(bytes), { objectMode: false })

/** Fails once its bytes have been taken. */
function failingBody(bytes: Buffer): Readable {
  async function* pieces() {
    yield* piecesOf(bytes)
    await pause(30)
    throw new Error('the sender left')
  }
  return Readable.from(pieces(), { objectMode: false })
}

export function checkResumable({ check, newKey, store, subject }: Suite<ResumableUnderTest>): void {
  const begin = async (content: Buffer, key = newKey()) => {
    const size = content.length
    const uploadId = await store().resumable.start(key, { contentType, size })
    const on = (where: ObjectStorage) => ({
      append: (offset: number, more: Partial<Append> = {}) =>
        where.resumable.append(key, uploadId, { offset, size, isAtomic: false, body: bodyOf(content.subarray(offset)), ...more }),
      /** The bytes from one position to another. */
      send: (from: number, to: number) => where.resumable.append(key, uploadId, { offset: from, size, isAtomic: false, body: bodyOf(content.subarray(from, to)) }),
      complete: () => where.resumable.complete(key, uploadId, { contentType, size }),
      abort: () => where.resumable.abort(key, uploadId),
    })
    return { key, size, uploadId, ...on(store()), elsewhere: on(subject().another) }
  }
  /** Whole, and with nothing left beside it. */
  const expectStored = async (key: string, content: Buffer) => {
    expect((await read(store(), key)).equals(content)).toBe(true)
    expect(await keysOf(store(), key)).toEqual([key])
  }

  check('resumes: one go for every size about the bounds of parts, and nothing to be seen before the end', async () => {
    for (const size of [0, 1, 70_000, partBytes - 1, partBytes, partBytes + 1, 2 * partBytes, 2 * partBytes + 1]) {
      const content = randomBytes(size)
      const { key, append, complete } = await begin(content)
      expect([size, await append(0)]).toEqual([size, size])
      expect(await store().head(key)).toBeUndefined()
      const made = await complete()
      expect([made.size, (await store().head(key))?.etag]).toEqual([size, made.etag])
      await expectStored(key, content)
    }
  }, 60_000)

  check('resumes: two goes, wherever the first one ends', async () => {
    const content = randomBytes(2 * partBytes + 3)
    for (const end of [0, 1, partBytes - 1, partBytes, partBytes + 1, 2 * partBytes, 2 * partBytes + 2]) {
      const { key, size, send, elsewhere } = await begin(content)
      expect(await send(0, end)).toBe(end)
      expect(await store().head(key)).toBeUndefined()
      expect(await elsewhere.send(end, size)).toBe(size)
      expect(await elsewhere.append(size)).toBe(size)
      await elsewhere.complete()
      await expectStored(key, content)
    }
  }, 60_000)

  check('resumes: an upload that breaks off at random bytes is whole in the end, whichever process goes on', async () => {
    for (const isAtomic of [false, true]) {
      for (const seed of [1, 2, 3]) {
        const next = seeded(seed)
        const content = randomBytes(Math.floor(next() * 4 * partBytes) + 1)
        const { key, size, append, elsewhere, complete } = await begin(content)
        let offset = 0
        for (let round = 0; offset < size; round += 1) {
          const end = Math.min(size, offset + Math.floor(next() * 1.5 * partBytes) + 1)
          const breaks = next() < 0.5
          const attempt = (next() < 0.5 ? append : elsewhere.append)(offset, { isAtomic, body: (breaks ? failingBody : bodyOf)(content.subarray(offset, end)) })
          if (breaks && isAtomic) await expect(attempt).rejects.toThrow('the sender left')
          else expect([seed, round, await attempt]).toEqual([seed, round, end])
          if (!breaks || !isAtomic) offset = end
          expect(await store().head(key)).toBeUndefined()
        }
        await complete()
        await expectStored(key, content)
      }
    }
  }, 120_000)

  check('resumes: keeps what came before a fault, or none of it where the append is atomic', async () => {
    const content = randomBytes(partBytes + 1000)
    const bad = Buffer.alloc(partBytes + 500, 1)
    const { key, append, complete } = await begin(content)
    expect(await append(0, { body: failingBody(content.subarray(0, 300)) })).toBe(300)
    await expect(append(300, { body: failingBody(bad), isAtomic: true })).rejects.toThrow('the sender left')
    expect(await append(300, { body: failingBody(content.subarray(300, 301)) })).toBe(301)
    await expect(append(301, { body: failingBody(Buffer.alloc(0)), isAtomic: true })).rejects.toThrow('the sender left')
    expect(await append(301, { body: failingBody(Buffer.alloc(0)) })).toBe(301)
    expect(await append(301, { isAtomic: true })).toBe(content.length)
    await complete()
    await expectStored(key, content)
  })

  check('resumes: a body that is destroyed without a word is one that fails', async () => {
    const content = randomBytes(200_000)
    const { append, abort } = await begin(content)
    const destroyed = () => {
      const body = new Readable({ read: () => undefined })
      body.push(content.subarray(0, 1000))
      setTimeout(() => body.destroy(), 100)
      return body
    }
    expect(await append(0, { body: destroyed() })).toBe(1000)
    await expect(append(1000, { body: destroyed(), isAtomic: true })).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    await abort()
  })

  check('resumes: an append that is aborted keeps what has come, or rejects with the reason where it is atomic, and leaves the body to the caller', async () => {
    const content = randomBytes(partBytes + 70_000)
    const { key, size, append, complete } = await begin(content)
    const given = (bytes: Buffer, abort: AbortController) => {
      async function* pieces() {
        yield* piecesOf(bytes)
        setTimeout(() => abort.abort(new Error('wanted elsewhere')), 50)
        await pause(10_000)
      }
      return Readable.from(pieces(), { objectMode: false })
    }
    for (const isAtomic of [true, false]) {
      const abort = new AbortController()
      const body = given(content.subarray(0, partBytes + 10), abort)
      const attempt = append(0, { body, isAtomic, signal: abort.signal })
      if (isAtomic) await expect(attempt).rejects.toThrow('wanted elsewhere')
      else expect(await attempt).toBe(partBytes + 10)
      expect(body.destroyed).toBe(false)
      body.destroy()
    }
    const signal = AbortSignal.abort(new Error('before the start'))
    expect(await append(partBytes + 10, { signal })).toBe(partBytes + 10)
    await expect(append(partBytes + 10, { signal, isAtomic: true })).rejects.toThrow('before the start')
    expect(await append(partBytes + 10)).toBe(size)
    await complete()
    await expectStored(key, content)
  })

  check('resumes: says up to where bytes are safe, and another process goes on from there', async () => {
    const content = randomBytes(80 * mebibyte)
    const { key, size, append, elsewhere } = await begin(content)
    const told: number[] = []
    let given = 0
    function* counted() {
      for (const piece of piecesOf(content.subarray(0, size - 1))) {
        given += piece.length
        yield piece
      }
    }
    const onSafe = (offset: number) => {
      expect(offset).toBeLessThanOrEqual(given)
      told.push(offset)
    }
    expect(await append(0, { body: Readable.from(counted(), { objectMode: false }), onSafe })).toBe(size - 1)
    expect(told.length).toBeGreaterThan(0)
    expect(told).toEqual([...new Set(told)].sort((one, other) => one - other))
    // As if the first process had died before it could note more than the first of them.
    expect(await elsewhere.append(told[0] ?? 0, { isAtomic: true, onSafe: () => expect.unreachable('an atomic append is safe as a whole') })).toBe(size)
    await elsewhere.complete()
    await expectStored(key, content)
  }, 120_000)

  check('resumes: an append whose answer was lost is sent again from the same offset', async () => {
    const content = randomBytes(2 * partBytes)
    const { key, size, send, elsewhere } = await begin(content)
    await send(0, 1000)
    for (const end of [2000, partBytes + 5, 1500, partBytes]) expect(await send(1000, end)).toBe(end)
    await elsewhere.send(1000, 3000)
    expect(await elsewhere.send(1000, size)).toBe(size)
    expect(await elsewhere.send(partBytes, size)).toBe(size)
    await elsewhere.complete()
    await expectStored(key, content)
  })

  check('resumes: whoever was stopped, and wakes when another has gone on, spoils nothing', async () => {
    const content = randomBytes(2 * partBytes + 1000)
    for (const isAtomic of [true, false]) {
      for (const fails of [true, false]) {
        for (const begun of [0, 500]) {
          for (const isComplete of [true, false]) {
            const { key, size, append, send, elsewhere } = await begin(content)
            await send(0, begun)
            const body = new Readable({ read: () => undefined })
            body.push(content.subarray(begun, partBytes + 100)) // what the first one has by then
            const stopped = append(begun, { body, isAtomic }).then(() => 'none', (error: unknown) => String(error))
            await pause(100)
            expect(await elsewhere.send(begun, partBytes + 300)).toBe(partBytes + 300)
            if (isComplete) await elsewhere.append(partBytes + 300)
            if (isComplete) await elsewhere.complete()
            if (fails) body.destroy(new Error('the sender left'))
            else for (const more of [content.subarray(partBytes + 100, partBytes + 200), null]) body.push(more)
            await stopped
            if (!isComplete) expect(await elsewhere.append(partBytes + 300)).toBe(size)
            if (!isComplete) await elsewhere.complete()
            await expectStored(key, content)
          }
        }
      }
    }
  }, 60_000)

  check('resumes: refuses an offset that was never reached, and spoils nothing', async () => {
    const content = randomBytes(3 * partBytes)
    const { key, size, send, complete } = await begin(content)
    for (const from of [1, partBytes, partBytes + 1, size]) expect([from, await faultOf(send(from, size))]).toEqual([from, 'conflict'])
    await send(0, partBytes + 100)
    for (const from of [partBytes + 101, 2 * partBytes, 2 * partBytes + 1, size, size + 1, size + partBytes]) expect([from, await faultOf(send(from, size))]).toEqual([from, 'conflict'])
    expect(await faultOf(complete())).toBe('conflict')
    expect(await send(partBytes + 100, size)).toBe(size)
    await complete()
    await expectStored(key, content)
  })

  check('resumes: completes nothing while bytes are missing', async () => {
    for (const size of [1, partBytes, 2 * partBytes + 1]) {
      const content = randomBytes(size)
      const { key, append, send, complete } = await begin(content)
      expect(await faultOf(complete())).toBe('conflict')
      await send(0, size - 1)
      expect(await faultOf(complete())).toBe('conflict')
      expect(await store().head(key)).toBeUndefined()
      await append(size - 1)
      await complete()
      await expectStored(key, content)
    }
  })

  check('resumes: completes twice, and an upload that is complete takes no more', async () => {
    for (const content of [Buffer.alloc(0), randomBytes(1000)]) {
      const { key, append, complete, elsewhere, abort } = await begin(content)
      await append(0)
      const made = await complete()
      expect(await elsewhere.complete()).toMatchObject({ size: made.size, etag: made.etag })
      await abort()
      await elsewhere.abort()
      await expectStored(key, content)
    }
  })

  check('resumes: an append to an upload that is complete finds none', async () => {
    const content = randomBytes(1000)
    const { key, append, complete } = await begin(content)
    await append(0)
    await complete()
    for (const isAtomic of [true, false]) expect(await faultOf(append(0, { isAtomic }))).toBe('not_found')
    await expectStored(key, content)
  })

  check('resumes: replaces an older object only when it is complete', async () => {
    const key = newKey()
    await put(store(), key, 'older')
    const content = randomBytes(partBytes + 1)
    const { append, complete } = await begin(content, key)
    await append(0)
    expect(await readText(store(), key)).toBe('older')
    await complete()
    await expectStored(key, content)
  })

  check('resumes: forgets an upload that is aborted, as often as it is, with all its bytes', async () => {
    const content = randomBytes(2 * partBytes)
    const { key, send, append, complete, abort, elsewhere } = await begin(content)
    await send(0, partBytes + 100)
    for (const again of [abort, abort, elsewhere.abort]) await again()
    for (const attempt of [() => append(0), () => append(partBytes + 100), () => append(1, { isAtomic: true }), complete]) expect(await faultOf(attempt())).toBe('not_found')
    expect(await keysOf(store(), key)).toEqual([])
  })

  check('resumes: knows an upload by its key only', async () => {
    const content = randomBytes(1000)
    const [mine, other] = [await begin(content), newKey()]
    const { size, uploadId } = mine
    const resumable = () => store().resumable
    for (const [key, id] of [[other, uploadId], [mine.key, randomUUID()], [mine.key, '../../x']] as const) {
      expect(await faultOf(resumable().append(key, id, { offset: 0, size, isAtomic: false, body: bodyOf(content) }))).toBe('not_found')
      expect(await faultOf(resumable().complete(key, id, { contentType, size }))).toBe('not_found')
      await resumable().abort(key, id)
    }
    await mine.append(0)
    await mine.complete()
    await expectStored(mine.key, content)
    expect(await keysOf(store(), other)).toEqual([])
  })
}
