import { randomBytes, randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { contentType, faultOf, keysOf, mebibyte, put, read, readText, type Suite } from './suite.ts'

export function checkMultipart({ check, newKey, store }: Suite): void {
  const parts = () => store().multipart
  const start = (key: string) => parts().start(key, { contentType })
  const send = (key: string, uploadId: string, number: number, body: Buffer) => parts().put(key, uploadId, { number, body })

  check('joins parts that arrive out of order, and shows nothing before', async () => {
    const key = newKey()
    await put(store(), key, 'older')
    const uploadId = await start(key)
    const bodies = [randomBytes(5 * mebibyte), randomBytes(5 * mebibyte + 1), randomBytes(3)]
    const third = await send(key, uploadId, 7, bodies[2] ?? Buffer.alloc(0))
    const first = await send(key, uploadId, 2, bodies[0] ?? Buffer.alloc(0))
    const second = await send(key, uploadId, 3, bodies[1] ?? Buffer.alloc(0))
    expect([await readText(store(), key), await keysOf(store(), key)]).toEqual(['older', [key]])
    expect(await parts().list(key, uploadId)).toEqual([first, second, third])
    const made = await parts().complete(key, uploadId, [first, second, third])
    expect((await read(store(), key)).equals(Buffer.concat(bodies))).toBe(true)
    expect(await store().head(key)).toEqual(made)
  }, 60_000)

  check('forgets an upload that is complete', async () => {
    const key = newKey()
    const uploadId = await start(key)
    await parts().complete(key, uploadId, [await send(key, uploadId, 1, Buffer.from('x'))])
    expect(await faultOf(parts().list(key, uploadId))).toBe('not_found')
    expect(await faultOf(send(key, uploadId, 2, Buffer.from('y')))).toBe('not_found')
    await parts().abort(key, uploadId)
    expect(await readText(store(), key)).toBe('x')
  })

  check('takes the last body of a part that is sent twice, and leaves out a part that is not named', async () => {
    const key = newKey()
    const uploadId = await start(key)
    await send(key, uploadId, 1, Buffer.from('first try'))
    const again = await send(key, uploadId, 1, Buffer.from('second try'))
    await send(key, uploadId, 2, Buffer.from('unwanted'))
    expect((await parts().list(key, uploadId)).map(({ number, size }) => [number, size])).toEqual([[1, 10], [2, 8]])
    await parts().complete(key, uploadId, [again])
    expect(await readText(store(), key)).toBe('second try')
  })

  check('refuses to join parts that never arrived, have another etag, or stand in another order', async () => {
    const key = newKey()
    const uploadId = await start(key)
    const one = await send(key, uploadId, 1, randomBytes(5 * mebibyte))
    const two = await send(key, uploadId, 2, Buffer.from('end'))
    const lists = [[], [one, { ...two, number: 3 }], [{ ...one, etag: two.etag }, two], [two, one], [one, one]]
    for (const list of lists) expect(await faultOf(parts().complete(key, uploadId, list)), JSON.stringify(list.map(({ number }) => number))).toBe('conflict')
    expect(await store().head(key)).toBeUndefined()
    expect((await parts().complete(key, uploadId, [one, two])).size).toBe(5 * mebibyte + 3)
  })

  check('refuses a part below 5 MiB that is not the last', async () => {
    const key = newKey()
    const uploadId = await start(key)
    const sent = [await send(key, uploadId, 1, Buffer.alloc(5 * mebibyte - 1)), await send(key, uploadId, 2, Buffer.from('end'))]
    expect(await faultOf(parts().complete(key, uploadId, sent))).toBe('conflict')
    expect(await store().head(key)).toBeUndefined()
    await parts().abort(key, uploadId)
  })

  check('forgets an upload that is aborted, as often as it is', async () => {
    const key = newKey()
    const uploadId = await start(key)
    const sent = await send(key, uploadId, 1, Buffer.from('x'))
    for (let round = 0; round < 2; round += 1) await parts().abort(key, uploadId)
    expect(await faultOf(send(key, uploadId, 2, Buffer.from('y')))).toBe('not_found')
    expect(await faultOf(parts().list(key, uploadId))).toBe('not_found')
    expect(await faultOf(parts().complete(key, uploadId, [sent]))).toBe('not_found')
    expect(await store().head(key)).toBeUndefined()
  })

  check('knows an upload by its key only', async () => {
    const [key, other] = [newKey(), newKey()]
    const uploadId = await start(key)
    const sent = await send(key, uploadId, 1, Buffer.from('mine'))
    expect(await faultOf(send(other, uploadId, 1, Buffer.from('theirs')))).toBe('not_found')
    expect(await faultOf(parts().complete(other, uploadId, [sent]))).toBe('not_found')
    expect(await faultOf(parts().list(key, randomUUID()))).toBe('not_found')
    expect(await faultOf(parts().list(key, '../../x'))).toBe('not_found')
    await parts().abort(other, uploadId)
    await parts().complete(key, uploadId, [sent])
    expect([await readText(store(), key), await store().head(other)]).toEqual(['mine', undefined])
  })

  check('numbers parts from 1 to 10,000', async () => {
    const key = newKey()
    const uploadId = await start(key)
    for (const number of [0, 10_001, 1.5, -1]) expect(await faultOf(send(key, uploadId, number, Buffer.from('x')))).toBe('malformed')
    const last = await send(key, uploadId, 10_000, Buffer.from('last'))
    await parts().complete(key, uploadId, [last])
    expect(await readText(store(), key)).toBe('last')
  })

  check('drops a part whose signal is aborted', async () => {
    const key = newKey()
    const uploadId = await start(key)
    const signal = AbortSignal.abort(new Error('changed my mind'))
    await expect(parts().put(key, uploadId, { number: 1, body: Buffer.from('x'), signal })).rejects.toThrow('changed my mind')
    expect(await parts().list(key, uploadId)).toEqual([])
    await parts().abort(key, uploadId)
  })
}
