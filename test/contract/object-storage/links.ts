import contentDisposition from 'content-disposition'
import { expect } from 'vitest'
import type { ObjectStorage } from '../../../src/ports/object-storage.ts'
import { awkwardNames } from '../../support/awkward-names.ts'
import { pause, put, readText, type Suite } from './suite.ts'

export interface LinksUnderTest {
  readonly store: ObjectStorage
  /** As somebody does who has the link alone. */
  follow(url: string, init?: RequestInit): Promise<Response>
  /** What a link calls the parts that its signature covers. */
  readonly parameters: { readonly expires: string; readonly disposition: string; readonly contentType: string; readonly signature: string }
  close(): Promise<void>
}

const disposition = 'attachment; filename="one.bin"'
const contentType = 'video/x-test'
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000)
const link = (expires = inSeconds(60)) => ({ disposition, contentType, expires })

/** The link with another value for one parameter, or without it. */
function forged(url: string, name: string, change: ((value: string) => string) | undefined): string {
  const pattern = new RegExp(`([?&])${name}=([^&]*)`)
  expect(url).toMatch(pattern)
  return url.replace(pattern, (_, before: string, value: string) => (change ? `${before}${name}=${change(value)}` : before))
}

const withLast = (value: string) => value.slice(0, -1) + (value.endsWith('0') ? '1' : '0')

export function checkGetLinks({ check, newKey, store, subject }: Suite<LinksUnderTest>): void {
  const follow = async (url: string, init?: RequestInit) => {
    const response = await subject().follow(url, init)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  const statusOf = async (url: string, init?: RequestInit) => (await follow(url, init)).status

  check('a link serves the object to anybody, with the type and disposition that were signed', async () => {
    const key = newKey()
    await put(store(), key, '0123456789')
    const { status, headers, text } = await follow(await store().signGet(key, link()))
    expect([status, text, headers.get('content-disposition'), headers.get('content-type'), headers.get('content-length')]).toEqual([200, '0123456789', disposition, contentType, '10'])
  })

  check('a link to what is not there answers 404', async () => {
    expect(await statusOf(await store().signGet(newKey(), link()))).toBe(404)
  })

  check('a link serves ranges, the last bytes, and 416 past the end', async () => {
    const key = newKey()
    await put(store(), key, '0123456789')
    const url = await store().signGet(key, link())
    const ranged = async (range: string) => {
      const { status, headers, text } = await follow(url, { headers: { range } })
      return [status, headers.get('content-range'), status === 206 ? text : '']
    }
    expect(await ranged('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await ranged('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await ranged('bytes=8-99')).toEqual([206, 'bytes 8-9/10', '89'])
    expect(await ranged('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await ranged('bytes=-30')).toEqual([206, 'bytes 0-9/10', '0123456789'])
    expect((await ranged('bytes=10-'))[0]).toBe(416)
    expect((await ranged('bytes=-0'))[0]).toBe(416)
  })

  check('a link says that it serves ranges', async () => {
    const key = newKey()
    await put(store(), key, 'x')
    expect((await follow(await store().signGet(key, link()))).headers.get('accept-ranges')).toBe('bytes')
  })

  check('a 416 says how large the object is', async () => {
    const key = newKey()
    await put(store(), key, '0123456789')
    expect((await follow(await store().signGet(key, link()), { headers: { range: 'bytes=10-' } })).headers.get('content-range')).toBe('bytes */10')
  })

  check('a link answers 304 to who has the bytes already', async () => {
    const key = newKey()
    await put(store(), key, 'first')
    const url = await store().signGet(key, link())
    const { headers } = await follow(url)
    const known = { headers: { 'if-none-match': headers.get('etag') ?? '' } }
    expect(await follow(url, known)).toMatchObject({ status: 304, text: '' })
    await put(store(), key, 'other')
    expect(await follow(url, known)).toMatchObject({ status: 200, text: 'other' })
  })

  check('a link is refused with another key, expiry, disposition, type or signature, or without one of them', async () => {
    const [key, other] = [newKey(), newKey()]
    for (const each of [key, other]) await put(store(), each, each)
    const url = await store().signGet(key, link())
    const { expires, disposition: disposed, contentType: typed, signature } = subject().parameters
    expect(await statusOf(url)).toBe(200)
    expect(url).toContain(key)
    const forgeries = {
      key: url.replace(key, other),
      'key below': url.replace(key, `${key}/x`),
      'later expiry': forged(url, expires, (value) => String(Number(value) + 1)),
      'disposition of another name': forged(url, disposed, (value) => value.replace('one', 'two')),
      'inline disposition': forged(url, disposed, () => 'inline'),
      'another type': forged(url, typed, () => 'text%2Fhtml'),
      'another signature': forged(url, signature, withLast),
      'shorter signature': forged(url, signature, (value) => value.slice(0, -1)),
    }
    for (const [forgery, target] of Object.entries(forgeries)) expect([forgery, await statusOf(target)]).toEqual([forgery, 403])
    for (const name of [expires, disposed, typed, signature]) expect([name, [400, 403].includes(await statusOf(forged(url, name, undefined)))]).toEqual([name, true])
    expect([400, 401, 403]).toContain(await statusOf(url.replace(/\?.*/, '')))
  })

  check('a link is for GET alone', async () => {
    const key = newKey()
    await put(store(), key, 'kept')
    const url = await store().signGet(key, link())
    for (const method of ['HEAD', 'DELETE']) expect([method, await statusOf(url, { method })]).toEqual([method, 403])
    expect(await statusOf(url, { method: 'PUT', body: 'x', headers: { 'content-type': contentType } })).toBe(403)
    expect(await readText(store(), key)).toBe('kept')
  })

  check('a link is refused to a POST', async () => {
    const [key, other] = [newKey(), newKey()]
    await put(store(), key, 'kept')
    const { url, headers } = await store().signPut(other, { contentType, size: 5, expires: inSeconds(60) })
    expect(await statusOf(await store().signGet(key, link()), { method: 'POST', body: 'x', headers: { 'content-type': contentType } })).toBe(403)
    expect(await statusOf(url, { method: 'POST', body: 'hello', headers })).toBe(403)
    expect([await readText(store(), key), await store().head(other)]).toEqual(['kept', undefined])
  })

  check('a link ends when it expires', async () => {
    const key = newKey()
    await put(store(), key, 'x')
    expect(await statusOf(await store().signGet(key, link(inSeconds(-1))))).toBe(403)
    expect(await statusOf(await store().signGet(key, link(inSeconds(-100_000))))).toBe(403)
    const short = await store().signGet(key, link(inSeconds(3)))
    expect(await statusOf(short)).toBe(200)
    await pause(4_500)
    expect(await statusOf(short)).toBe(403)
  })

  const dispositionThrough = async (written: string) => {
    const key = newKey()
    await put(store(), key, 'x')
    const { status, headers } = await follow(await store().signGet(key, { ...link(), disposition: written }))
    expect([written, status, headers.has('x-injected')]).toEqual([written, 200, false])
    return headers.get('content-disposition') ?? ''
  }

  check('a link gives awkward file names as content-disposition writes them in ASCII', async () => {
    for (const name of awkwardNames) {
      const written = contentDisposition(name, { fallback: name.replace(/[^\x20-\x7e]/g, '_') })
      const came = await dispositionThrough(written)
      expect([name, came]).toEqual([name, written])
      expect(contentDisposition.parse(came)).toEqual(contentDisposition.parse(written))
    }
  }, 60_000)

  check('a link gives awkward file names as content-disposition writes them by default, in Latin-1', async () => {
    for (const name of awkwardNames) {
      const written = contentDisposition(name)
      const came = await dispositionThrough(written)
      expect([name, contentDisposition.parse(came)]).toEqual([name, contentDisposition.parse(written)])
    }
  }, 60_000)
}

export function checkPutLinks({ check, newKey, store, subject }: Suite<LinksUnderTest>): void {
  const send = async (url: string, init: RequestInit) => {
    const response = await subject().follow(url, { method: 'PUT', ...init })
    await response.text()
    return response.status
  }
  const sign = (key: string, expires = inSeconds(60)) => store().signPut(key, { contentType, size: 5, expires })

  check('an upload link takes one body of the size and type that were signed', async () => {
    const key = newKey()
    const { url, headers } = await sign(key)
    expect(await send(url, { headers, body: 'hello' })).toBe(200)
    expect([await readText(store(), key), (await store().head(key))?.size]).toEqual(['hello', 5])
  })

  check('an upload link refuses another size or type, and stores nothing', async () => {
    const key = newKey()
    const { url, headers } = await sign(key)
    const wrong: Record<string, RequestInit> = {
      'too long': { headers, body: 'hello!' },
      'too short': { headers, body: 'hell' },
      empty: { headers, body: '' },
      'another type': { headers: { ...headers, 'content-type': 'text/html' }, body: 'hello' },
      'no type': { headers: { 'content-type': '' }, body: 'hello' },
    }
    for (const [fault, init] of Object.entries(wrong)) expect([fault, [400, 403, 415].includes(await send(url, init))]).toEqual([fault, true])
    expect(await store().head(key)).toBeUndefined()
  })

  check('an upload link refuses a body of no announced length, and stores nothing', async () => {
    const key = newKey()
    const { url, headers } = await sign(key)
    const body = new Blob(['hello']).stream()
    // undici wants `duplex` for a stream, which TypeScript's RequestInit does not know.
    expect([400, 403, 411]).toContain(await send(url, { headers, body, duplex: 'half' } as RequestInit))
    expect(await store().head(key)).toBeUndefined()
  })

  check('an upload link is refused with another key, expiry or signature, for another method, and when it has expired', async () => {
    const [key, other] = [newKey(), newKey()]
    const { url, headers } = await sign(key)
    const { expires, signature } = subject().parameters
    const init = { headers, body: 'hello' }
    expect(await send(url.replace(key, other), init)).toBe(403)
    expect(await send(forged(url, expires, (value) => String(Number(value) + 1)), init)).toBe(403)
    expect(await send(forged(url, signature, withLast), init)).toBe(403)
    for (const method of ['GET', 'HEAD', 'DELETE']) expect([method, await send(url, { method })]).toEqual([method, 403])
    const late = await sign(key, inSeconds(-1))
    expect(await send(late.url, { headers: late.headers, body: 'hello' })).toBe(403)
    expect([await store().head(key), await store().head(other)]).toEqual([undefined, undefined])
  })
}
