import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { diskFault } from '../../src/adapters/local-disk/local-disk.errors.ts'
import { createLocalDisk } from '../../src/adapters/local-disk/local-disk.ts'
import { AppError } from '../../src/errors.ts'
import type { ObjectStorage } from '../../src/ports/object-storage.ts'

const contentType = 'application/octet-stream'
const links = { get: (key: string) => `get:${key}`, put: (key: string) => ({ url: `put:${key}`, headers: { 'content-type': contentType } }) }

let place: string
let root: string
let store: ObjectStorage

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'local-disk-'))
  root = join(place, 'store')
  store = createLocalDisk({ root, links })
})
afterEach(() => rm(place, { recursive: true, force: true }))

const put = (key: string, content: string) => store.put(key, Buffer.from(content), { contentType })
const read = async (key: string) => {
  const opened = await store.open(key)
  return opened && (await text(opened.body))
}
async function keys(prefix = ''): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of store.list(prefix)) found.push(key)
  return found
}
const temps = () => readdir(join(root, '.temp'))
const refusal = async (work: Promise<unknown>) => work.then(() => expect.unreachable('it was done'), (error: unknown) => error)

describe('the disk store', () => {
  test('keeps an object as a file of the key’s path, which media tools read in place', async () => {
    await put('drives/1/source', 'film')
    expect(store.localPath('drives/1/source')).toBe(join(root, 'drives/1/source'))
    expect(await readFile(join(root, 'drives/1/source'), 'utf8')).toBe('film')
    expect(store.localPath('drives/1/none')).toBe(join(root, 'drives/1/none'))
    for (const key of ['../outside', 'a/../../outside', '/etc/passwd', '.temp/x']) expect(() => store.localPath(key)).toThrow(AppError)
  })

  test('lets nobody but its own user read', async () => {
    await put('a/b', 'x')
    expect([(await stat(join(root, 'a'))).mode & 0o777, (await stat(join(root, 'a/b'))).mode & 0o777]).toEqual([0o700, 0o600])
  })

  test('passes links on to the signer, for keys alone', async () => {
    const link = { disposition: 'inline', contentType, expires: new Date() }
    expect(await store.signGet('a', link)).toBe('get:a')
    expect(await store.signPut('a', { contentType, size: 1, expires: new Date() })).toEqual({ url: 'put:a', headers: { 'content-type': contentType } })
    await expect(store.signGet('../a', link)).rejects.toMatchObject({ code: 'malformed' })
  })

  test('follows no symlink: neither to read, list, write, copy nor delete', async () => {
    const outside = join(place, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'secret'), 'secret')
    await put('a/real', 'real')
    await symlink(outside, join(root, 'linked'))
    await symlink(join(outside, 'secret'), join(root, 'a/secret'))
    await symlink(join(root, 'a/real'), join(root, 'a/inner'))
    await symlink(join(place, 'nowhere'), join(root, 'dangling'))
    for (const key of ['linked/secret', 'a/secret', 'a/inner']) {
      expect([await store.open(key), await store.head(key)]).toEqual([undefined, undefined])
      expect(() => store.localPath(key)).toThrow('Object not found')
      await expect(store.copy(key, 'copy', { contentType })).rejects.toMatchObject({ code: 'not_found' })
    }
    await store.delete(['linked/secret'])
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect([await keys(), await keys('linked/')]).toEqual([['a/real'], []])
    for (const key of ['linked/new', 'linked/deep/new', 'dangling/new']) await expect(put(key, 'x')).rejects.toMatchObject({ code: 'unavailable' })
    expect(await readdir(outside)).toEqual(['secret'])
    await put('a/secret', 'replaces the symlink')
    expect([await read('a/secret'), await readFile(join(outside, 'secret'), 'utf8')]).toEqual(['replaces the symlink', 'secret'])
  })

  test('takes a root that is itself a symlink', async () => {
    await symlink(root, join(place, 'alias'))
    const alias = createLocalDisk({ root: join(place, 'alias'), links })
    await alias.put('a', Buffer.from('x'), { contentType })
    expect(await read('a')).toBe('x')
  })

  test('tidies away folders that a deletion empties, and no others', async () => {
    for (const key of ['a/b/c/one', 'a/b/two', 'x/y']) await put(key, 'x')
    await store.delete(['a/b/c/one', 'x/y', 'none/at/all'])
    expect((await readdir(root)).sort()).toEqual(['.temp', 'a'])
    expect(await readdir(join(root, 'a/b'))).toEqual(['two'])
  })

  test('finishes nothing in the object’s place: what is being written lies in the store’s own folder', async () => {
    let between: string[] = []
    async function* body() {
      yield Buffer.from('half')
      between = [...(await keys()), `${(await temps()).length} temporary`]
      yield Buffer.from(' and half')
    }
    await store.put('a/b', Readable.from(body()), { contentType })
    expect(between).toEqual(['1 temporary'])
    expect([await read('a/b'), await temps()]).toEqual(['half and half', []])
  })

  test('shows nothing of a put whose process is killed midway', async () => {
    await put('a/b', 'older')
    const script = `
      const { createLocalDisk } = await import('./src/adapters/local-disk/local-disk.ts')
      const store = createLocalDisk({ root: process.argv[1], links: { get: () => '', put: () => ({ url: '', headers: {} }) } })
      async function* body() { yield Buffer.alloc(1000000); process.stdout.write('midway'); await new Promise((done) => setTimeout(done, 30000)) }
      const { Readable } = await import('node:stream')
      await store.put('a/b', Readable.from(body()), { contentType: 'a/b' })`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, root], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await ended
    expect([await read('a/b'), await keys(), (await temps()).length]).toEqual(['older', ['a/b'], 1])
    expect(await store.sweep()).toBe(0)
  })

  test('sweeps what killed writers left a day ago, and nothing that may still be wanted', async () => {
    const uploadId = await store.multipart.start('a', { contentType })
    const stale = await store.multipart.start('b', { contentType })
    await put('kept', 'x')
    for (const name of ['old', 'new']) await writeFile(join(root, '.temp', name), 'x')
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)
    await utimes(join(root, '.temp/old'), daysAgo(1.1), daysAgo(1.1))
    await utimes(join(root, '.multipart', uploadId), daysAgo(6), daysAgo(6))
    await utimes(join(root, '.multipart', stale), daysAgo(8), daysAgo(8))
    await utimes(join(root, 'kept'), daysAgo(100), daysAgo(100))
    expect(await store.sweep()).toBe(2)
    expect([await temps(), await readdir(join(root, '.multipart')), await keys()]).toEqual([['new'], [uploadId], ['kept']])
    expect(await createLocalDisk({ root: join(place, 'empty'), links }).sweep()).toBe(0)
  })

  test('says in its own words what the disk refuses, without a path', async () => {
    await rm(join(root, '.temp'), { recursive: true, force: true })
    await writeFile(join(root, '.temp'), 'a file where a folder should be')
    const faults = [await refusal(put('a', 'x')), await refusal(store.check(new AbortController().signal))]
    const words = ['ENOSPC', 'EACCES', 'EROFS', 'EIO'].map((code) => diskFault(Object.assign(new Error(`${code}: open '${root}/a'`), { code, syscall: 'open' })))
    for (const fault of [...faults, ...words]) {
      expect(fault).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/^The object store /), cause: expect.any(Error) })
      expect(String(fault)).not.toContain(place)
    }
    expect(words.map(String)).toEqual([
      'AppError: The object store is full',
      'AppError: The object store does not let the server in',
      'AppError: The object store is read-only',
      'AppError: The object store failed',
    ])
  })

  test('is unavailable, and not empty, while its own folder is gone or is none, and never makes it anew', async () => {
    await put('a/b', 'x')
    const uploadId = await store.multipart.start('c', { contentType })
    await rename(root, join(place, 'elsewhere'))
    for (const stands of [false, true]) {
      if (stands) await writeFile(root, 'a file where the store should be')
      const asks = [store.open('a/b'), store.head('none'), put('a/b', 'y'), keys(), keys('a/'), store.delete(['a/b']), store.copy('a/b', 'a/c', { contentType })]
      const uploads = [store.multipart.start('d', { contentType }), store.multipart.list('c', uploadId), store.multipart.abort('c', uploadId)]
      for (const fault of await Promise.all([...asks, ...uploads].map(refusal))) expect(fault).toMatchObject({ code: 'unavailable', message: 'The object store is not there' })
      expect((await readdir(place)).sort()).toEqual(stands ? ['elsewhere', 'store'] : ['elsewhere'])
    }
    await rm(root)
    await rename(join(place, 'elsewhere'), root)
    expect([await read('a/b'), await store.head('none'), await keys()]).toEqual(['x', undefined, ['a/b']])
  })

  test('refuses a key that names a folder of other objects, or lies below an object, and keeps both as they are', async () => {
    await put('a/b/c', 'x')
    for (const key of ['a', 'a/b', 'a/b/c/d', 'a/b/c/d/e']) {
      expect(await refusal(put(key, 'y'))).toMatchObject({ code: 'conflict', message: expect.stringMatching(/^The object key is taken/) })
      expect(await refusal(store.copy('a/b/c', key, { contentType }))).toMatchObject({ code: 'conflict' })
      expect([await store.head(key), await store.open(key)]).toEqual([undefined, undefined])
    }
    expect([await read('a/b/c'), await keys(), await temps()]).toEqual(['x', ['a/b/c'], []])
  })

  test('does not wait for ever on a named pipe that somebody left', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')])
    expect([await store.open('pipe'), await store.head('pipe'), await keys()]).toEqual([undefined, undefined, []])
  })

  test('keeps the older object when the disk is full, and says so', async ({ skip }) => {
    const small = join(place, 'small')
    await mkdir(small)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small], { stdio: 'ignore' })
    } catch {
      skip('only root may mount a file system of 2 MB')
    }
    try {
      const full = createLocalDisk({ root: join(small, 'store'), links })
      await full.put('a', Buffer.alloc(1000, 1), { contentType })
      const body = Readable.from([Buffer.alloc(1_500_000), Buffer.alloc(1_500_000)])
      for (const content of [Buffer.alloc(3_000_000), body]) await expect(full.put('a', content, { contentType })).rejects.toMatchObject({ code: 'unavailable', message: 'The object store is full' })
      expect([(await full.head('a'))?.size, await readdir(join(small, 'store/.temp'))]).toEqual([1000, []])
      const uploadId = await full.multipart.start('b', { contentType })
      await expect(full.multipart.put('b', uploadId, { number: 1, body: Buffer.alloc(3_000_000) })).rejects.toMatchObject({ code: 'unavailable' })
      expect(await full.multipart.list('b', uploadId)).toEqual([])
      await full.put('c', Buffer.alloc(1_000_000), { contentType })
    } finally {
      execFileSync('umount', [small])
    }
  })

  test('refuses a folder that it may not make, before the first request', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may do everything')
    await chmod(place, 0o500)
    expect(() => createLocalDisk({ root: join(place, 'denied'), links })).toThrow('The object store does not let the server in')
    await chmod(place, 0o700)
  })

  test('notices a folder that has become unwritable', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may do everything')
    await put('a', 'x')
    await chmod(join(root, '.temp'), 0o500)
    await expect(store.check(new AbortController().signal)).rejects.toMatchObject({ code: 'unavailable' })
    await chmod(join(root, '.temp'), 0o700)
  })
})
