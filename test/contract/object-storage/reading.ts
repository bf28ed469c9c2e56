import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { expect } from 'vitest'
import { contentType, faultOf, mebibyte, pause, put, read, readText, type Suite } from './suite.ts'

export function checkReading({ check, newKey, store }: Suite): void {
  check('gives back the bytes, the size, and the etag that the put answered', async () => {
    const key = newKey()
    const made = await put(store(), key, '0123456789')
    const opened = await store().open(key)
    expect(opened).toMatchObject({ size: 10, etag: made.etag, range: { start: 0, end: 9 } })
    expect(opened && (await buffer(opened.body)).toString()).toBe('0123456789')
    expect(await store().head(key)).toMatchObject({ size: 10, etag: made.etag })
    expect(made).toMatchObject({ size: 10, etag: expect.stringMatching(/^[^"\s]+$/) })
    for (const { modified } of [made, opened, await store().head(key)].filter((head) => head !== undefined)) expect(Math.abs(modified.getTime() - Date.now())).toBeLessThan(60_000)
  })

  check('answers undefined for what is not there', async () => {
    const key = newKey()
    expect([await store().open(key), await store().open(key, { range: { start: 3 } }), await store().head(key)]).toEqual([undefined, undefined, undefined])
    await put(store(), `${key}/below`, 'x')
    expect([await store().open(key), await store().head(key)]).toEqual([undefined, undefined])
    expect([await store().open(`${key}/below/deeper`), await store().head(`${key}/below/deeper`)]).toEqual([undefined, undefined])
  })

  check('reads ranges: from the middle, to the end, past the end, single bytes', async () => {
    const key = newKey()
    await put(store(), key, '0123456789')
    const ranges = [{ start: 2, end: 5 }, { start: 7 }, { start: 8, end: 99 }, { start: 0, end: 0 }, { start: 9, end: 9 }, { start: 0 }]
    const texts = await Promise.all(ranges.map((range) => readText(store(), key, { range })))
    expect(texts).toEqual(['2345', '789', '89', '0', '9', '0123456789'])
    const opened = await store().open(key, { range: { start: 8, end: 99 } })
    opened?.body.destroy()
    expect(opened).toMatchObject({ size: 10, range: { start: 8, end: 9 } })
  })

  check('refuses a range that lies past the end, or is none', async () => {
    const key = newKey()
    await put(store(), key, '0123456789')
    for (const range of [{ start: 10 }, { start: 11, end: 20 }, { start: 5, end: 4 }, { start: -1 }, { start: 0.5 }, { start: NaN }])
      expect(await faultOf(store().open(key, { range })), JSON.stringify(range)).toBe('range_not_satisfiable')
  })

  check('holds empty objects', async () => {
    const key = newKey()
    const made = await store().put(key, Buffer.alloc(0), { contentType })
    const opened = await store().open(key)
    expect(opened).toMatchObject({ size: 0, etag: made.etag, range: { start: 0, end: -1 } })
    expect(opened && (await buffer(opened.body))).toHaveLength(0)
    expect(await faultOf(store().open(key, { range: { start: 0 } }))).toBe('range_not_satisfiable')
  })

  check('changes the etag with the bytes, even to others of the same length, and not without', async () => {
    const key = newKey()
    const first = await put(store(), key, 'one')
    expect((await store().head(key))?.etag).toBe(first.etag)
    const second = await put(store(), key, 'two')
    expect(second.etag).not.toBe(first.etag)
    expect((await store().head(key))?.etag).toBe(second.etag)
  })

  check('opens under a condition: the etag that was known, or precondition_failed', async () => {
    const key = newKey()
    const { etag } = await put(store(), key, 'one')
    expect(await readText(store(), key, { ifMatch: etag, range: { start: 1 } })).toBe('ne')
    await put(store(), key, 'another')
    expect(await faultOf(store().open(key, { ifMatch: etag }))).toBe('precondition_failed')
    expect(await faultOf(store().open(key, { ifMatch: etag, range: { start: 1, end: 1 } }))).toBe('precondition_failed')
  })

  check('never mixes two versions when the object is replaced under a reader', async () => {
    const key = newKey()
    const [before, after] = [randomBytes(8 * mebibyte), randomBytes(8 * mebibyte)]
    await store().put(key, before, { contentType })
    const opened = await store().open(key)
    const chunks: Buffer[] = []
    const reading = (async () => {
      for await (const chunk of opened?.body ?? []) {
        chunks.push(chunk as Buffer)
        if (chunks.length === 1) await store().put(key, after, { contentType })
      }
    })()
    const ending = await reading.then(() => 'whole', () => 'broken')
    const got = Buffer.concat(chunks)
    expect(got.equals(ending === 'whole' ? before : before.subarray(0, got.length))).toBe(true)
    expect((await read(store(), key)).equals(after)).toBe(true)
  })

  check('ends the transfer when the signal is aborted midway, and does not begin one after', async () => {
    const key = newKey()
    await store().put(key, Buffer.alloc(24 * mebibyte), { contentType })
    const abort = new AbortController()
    const opened = await store().open(key, { signal: abort.signal })
    const reading = (async () => {
      for await (const _ of opened?.body ?? []) abort.abort(new Error('the client left'))
    })()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(opened?.body.destroyed).toBe(true)
    await expect(store().open(key, { signal: abort.signal })).rejects.toThrow('the client left')
    await expect(store().head(key, abort.signal)).rejects.toThrow('the client left')
  })

  check('survives readers that leave: a hundred bodies destroyed, unread or half read', async () => {
    const key = newKey()
    await store().put(key, Buffer.alloc(mebibyte, 7), { contentType })
    const leave = async (readsFirst: boolean) => {
      const opened = await store().open(key)
      if (readsFirst) for await (const _ of opened?.body ?? []) break
      opened?.body.destroy()
    }
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 10 }, (_, index) => leave(index % 2 === 0)))
    expect((await read(store(), key)).equals(Buffer.alloc(mebibyte, 7))).toBe(true)
  })

  check('waits for a slow reader', async () => {
    const key = newKey()
    const bytes = randomBytes(4 * mebibyte)
    await store().put(key, bytes, { contentType })
    const opened = await store().open(key)
    const chunks: Buffer[] = []
    for await (const chunk of opened?.body ?? []) {
      if (chunks.length % 16 === 0) await pause(50)
      chunks.push(chunk as Buffer)
    }
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  })

  check('names the file of an object where it has one on this machine', async () => {
    const key = newKey()
    await put(store(), key, 'in a file')
    const path = store().localPath(key)
    expect(path === undefined || (await readFile(path, 'utf8'))).toBe(path === undefined || 'in a file')
  })

  check('says that it can be reached', async () => {
    await expect(store().check(new AbortController().signal)).resolves.toBeUndefined()
  })
}
