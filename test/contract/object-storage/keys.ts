import { expect } from 'vitest'
import { contentType, faultOf, keysOf, put, readText, type Suite } from './suite.ts'

export function checkKeys({ check, newKey, store }: Suite): void {
  check('takes keys up to the limits: 1,024 bytes, segments of 255, anything that is no control character', async () => {
    const base = newKey('k')
    const long = [base, 'ü'.repeat(127), ...Array.from({ length: 3 }, () => 'x'.repeat(255))].join('/')
    const awkward = [' ', 'a b', 'a+b', '100%', '%2e%2e', 'a&b=c?d#e', "it's", '日本語', '🎬', '...', '..a', 'a..', '~', '*', '<xml>&amp;', 'a:b|c']
    for (const key of [long.slice(0, 1024 - Buffer.byteLength(long) + long.length), ...awkward.map((segment) => `${base}/${segment}/${segment}`)]) {
      await put(store(), key, key)
      expect(await readText(store(), key)).toBe(key)
      await store().copy(key, `${base}/copy`, { contentType })
      expect(await readText(store(), `${base}/copy`)).toBe(key)
      expect(await keysOf(store(), key)).toEqual([key])
      await store().delete([key])
      expect(await store().head(key)).toBeUndefined()
    }
  }, 60_000)

  check('refuses keys that are none, wherever one is given', async () => {
    const good = newKey()
    const bad = ['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/..', './a', 'a/./b', '.hidden', '.temp/a', '.multipart/a', 'a\0b', 'a\nb', 'a\\b', '..\\a', 'a\u007f', '\ud800', 'x'.repeat(256), 'x/'.repeat(512) + 'x']
    for (const key of bad) {
      const attempts = [
        store().open(key),
        store().head(key),
        put(store(), key, 'x'),
        store().copy(key, good, { contentType }),
        store().copy(good, key, { contentType }),
        store().delete([good, key]),
        store().multipart.start(key, { contentType }),
        store().resumable.start(key, { contentType, size: 1 }),
        store().signGet(key, { disposition: 'inline', contentType, expires: new Date(Date.now() + 60_000) }),
        store().signPut(key, { contentType, size: 1, expires: new Date(Date.now() + 60_000) }),
      ]
      expect(await Promise.all(attempts.map(faultOf)), JSON.stringify(key)).toEqual(attempts.map(() => 'malformed'))
    }
  })

  check('lists in ascending byte order, which is not that of UTF-16 nor of folders', async () => {
    const base = newKey('list')
    const names = ['B', 'a-b', 'a/b', 'a/c/d', 'a0', 'é', '\u{e000}', '🎬', '日/本', 'z']
    for (const name of [...names].reverse()) await put(store(), `${base}/${name}`, name)
    const sorted = names.map((name) => `${base}/${name}`).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    expect(await keysOf(store(), `${base}/`)).toEqual(sorted)
    for (const [index, after] of sorted.entries()) expect(await keysOf(store(), `${base}/`, { after, limit: 3 })).toEqual(sorted.slice(index + 1, index + 4))
  })

  check('lists what begins with the prefix, taken as text, and after a key that need not exist', async () => {
    const base = newKey('list')
    for (const name of ['ab/1', 'abc/2', 'abc/3', 'abd', 'b']) await put(store(), `${base}/${name}`, '12345')
    const names = async (prefix: string, page = {}) => (await keysOf(store(), `${base}/${prefix}`, page)).map((key) => key.slice(base.length + 1))
    expect(await names('ab')).toEqual(['ab/1', 'abc/2', 'abc/3', 'abd'])
    expect(await names('abc/')).toEqual(['abc/2', 'abc/3'])
    expect(await names('abc/3')).toEqual(['abc/3'])
    expect(await names('x')).toEqual([])
    expect(await names('', { after: `${base}/abc` })).toEqual(['abc/2', 'abc/3', 'abd', 'b'])
    expect(await names('', { after: `${base}/abc/2x` })).toEqual(['abc/3', 'abd', 'b'])
    expect(await names('abc/', { after: `${base}/zzz` })).toEqual([])
    expect(await names('', { limit: 2 })).toEqual(['ab/1', 'abc/2'])
    expect(await names('', { limit: 0 })).toEqual([])
    for await (const { size, modified } of store().list(`${base}/b`)) {
      expect([size, Math.abs(modified.getTime() - Date.now()) < 60_000]).toEqual([5, true])
    }
  })

  check('lists nothing for a prefix that leads elsewhere', async () => {
    for (const prefix of ['../', 'contract/../../', '/', '.temp/', './', '..', 'contract//']) expect(await keysOf(store(), prefix, { limit: 3 }), prefix).toEqual([])
  })

  check('lists and deletes more than a thousand, and deletes what is not there', async () => {
    const base = newKey('many')
    const keys = Array.from({ length: 1050 }, (_, index) => `${base}/${String(index % 7)}/${String(index).padStart(5, '0')}`)
    for (let from = 0; from < keys.length; from += 35) await Promise.all(keys.slice(from, from + 35).map((key) => put(store(), key, 'x')))
    const sorted = [...keys].sort()
    expect(await keysOf(store(), base)).toEqual(sorted)
    expect(await keysOf(store(), base, { limit: 1020 })).toEqual(sorted.slice(0, 1020))
    for await (const { key } of store().list(base)) {
      expect(key).toBe(sorted[0])
      break
    }
    await store().delete([...keys.slice(0, 1040), `${base}/none`])
    expect(await keysOf(store(), base)).toEqual(keys.slice(1040).sort())
    await store().delete([...keys, newKey()])
    await store().delete([])
    expect(await keysOf(store(), base)).toEqual([])
  }, 120_000)
}
