import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLocalDisk } from '../../src/adapters/local-disk/local-disk.ts'
import type { Append, ObjectStorage } from '../../src/ports/object-storage.ts'

const contentType = 'application/octet-stream'
const mebibyte = 1024 * 1024
const links = { get: () => '', put: () => ({ url: '', headers: {} }) }

let place: string
let root: string
let store: ObjectStorage

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'resumable-'))
  root = join(place, 'store')
  store = createLocalDisk({ root, links })
})
afterEach(() => rm(place, { recursive: true, force: true }))

const start = (size: number, at = store) => at.resumable.start('a/b', { contentType, size })
const append = (uploadId: string, { at = store, ...more }: Partial<Append> & Pick<Append, 'size' | 'body'> & { readonly at?: ObjectStorage }) =>
  at.resumable.append('a/b', uploadId, { offset: 0, isAtomic: false, ...more })
const bodyOf = (...pieces: Buffer[]) => Readable.from(pieces, { objectMode: false })
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)

describe('an upload in turn to the disk', () => {
  test('moves to its place without a byte being written twice', async () => {
    const uploadId = await start(5)
    await append(uploadId, { size: 5, body: bodyOf(Buffer.from('films')) })
    const { ino } = await stat(join(root, '.multipart', uploadId, 'whole'))
    await store.resumable.complete('a/b', uploadId, { contentType, size: 5 })
    const placed = await stat(join(root, 'a/b'))
    expect([placed.ino, placed.mode & 0o777, await readdir(join(root, '.multipart')), await readdir(join(root, '.temp'))]).toEqual([ino, 0o600, [], []])
  })

  test('goes on at the last safe offset after the process was killed midway', async () => {
    const size = 130 * mebibyte
    const uploadId = await start(size)
    const script = `
      const { createLocalDisk } = await import('./src/adapters/local-disk/local-disk.ts')
      const { Readable } = await import('node:stream')
      const [, root, uploadId] = process.argv
      const store = createLocalDisk({ root, links: { get: () => '', put: () => ({ url: '', headers: {} }) } })
      async function* body() {
        for (let at = 0; at < 100; at += 1) yield Buffer.alloc(${mebibyte}, at)
        await new Promise((done) => setTimeout(done, 30000))
      }
      const onSafe = (offset) => process.stdout.write(String(offset))
      await store.resumable.append('a/b', uploadId, { offset: 0, size: ${size}, body: Readable.from(body()), isAtomic: false, onSafe })`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, root, uploadId], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    const safe = Number(await once(child.stdout, 'data'))
    child.kill('SIGKILL')
    await ended
    expect(safe).toBeGreaterThanOrEqual(64 * mebibyte)
    expect(await store.head('a/b')).toBeUndefined()
    const rest = Array.from({ length: 130 - safe / mebibyte }, (_, index) => Buffer.alloc(mebibyte, safe / mebibyte + index))
    expect(await append(uploadId, { offset: safe, size, body: bodyOf(...rest) })).toBe(size)
    await store.resumable.complete('a/b', uploadId, { contentType, size })
    const bytes = await readFile(join(root, 'a/b'))
    expect(Array.from({ length: 130 }, (_, at) => bytes.subarray(at * mebibyte, (at + 1) * mebibyte).equals(Buffer.alloc(mebibyte, at)))).toEqual(Array.from({ length: 130 }, () => true))
  })

  test('is complete where the process ended after the file had gone to its place', async () => {
    for (const isAborted of [false, true]) {
      const uploadId = await start(5)
      await append(uploadId, { size: 5, body: bodyOf(Buffer.from('films')) })
      await mkdir(join(root, 'a'), { recursive: true })
      await rename(join(root, '.multipart', uploadId, 'whole'), join(root, 'a/b'))
      await expect(append(uploadId, { size: 5, body: bodyOf(Buffer.from('later')) })).rejects.toMatchObject({ code: 'not_found' })
      await expect(store.resumable.complete('a/b', uploadId, { contentType, size: 6 })).rejects.toMatchObject({ code: 'not_found' })
      if (isAborted) await store.resumable.abort('a/b', uploadId)
      else expect(await store.resumable.complete('a/b', uploadId, { contentType, size: 5 })).toEqual(await store.head('a/b'))
      expect([await readFile(join(root, 'a/b'), 'utf8'), await readdir(join(root, '.multipart'))]).toEqual(['films', []])
    }
  })

  test('reads no further ahead than a few pieces', async () => {
    const size = 64 * mebibyte
    const uploadId = await start(size)
    const ahead: number[] = []
    async function* body() {
      for (let given = 0; given < size; given += mebibyte / 4) {
        if (given % mebibyte === 0) ahead.push(given - (await stat(join(root, '.multipart', uploadId, 'whole'))).size)
        yield randomBytes(mebibyte / 4)
      }
    }
    await append(uploadId, { size, body: Readable.from(body(), { objectMode: false }) })
    expect(ahead).toHaveLength(64)
    expect(Math.max(...ahead) / mebibyte).toBeLessThan(4)
  })

  test('is swept when nothing has come for a week, and not while something does', async () => {
    const [kept, stale] = [await start(5), await start(5)]
    for (const uploadId of [kept, stale]) {
      for (const name of ['key', 'whole', '.']) await utimes(join(root, '.multipart', uploadId, name), daysAgo(8), daysAgo(8))
    }
    await append(kept, { size: 5, body: bodyOf(Buffer.from('fi')) })
    expect(await store.sweep()).toBe(1)
    expect(await readdir(join(root, '.multipart'))).toEqual([kept])
  })

  test('says that the disk is full, and goes on where bytes were safe once it is not', async ({ skip }) => {
    const small = join(place, 'small')
    await mkdir(small)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small], { stdio: 'ignore' })
    } catch {
      skip('only root may mount a file system of 4 MB')
    }
    try {
      const at = createLocalDisk({ root: join(small, 'store'), links })
      await at.put('other', Buffer.alloc(2 * mebibyte), { contentType })
      const content = randomBytes(3 * mebibyte)
      const uploadId = await start(content.length, at)
      expect(await append(uploadId, { at, size: content.length, body: bodyOf(content.subarray(0, 1000)) })).toBe(1000)
      for (const isAtomic of [false, true]) {
        const attempt = append(uploadId, { at, offset: 1000, size: content.length, isAtomic, body: bodyOf(content.subarray(1000, 1_500_000), content.subarray(1_500_000)) })
        await expect(attempt).rejects.toMatchObject({ code: 'unavailable', message: 'The object store is full' })
      }
      await at.delete(['other'])
      expect(await append(uploadId, { at, offset: 1000, size: content.length, body: bodyOf(content.subarray(1000)) })).toBe(content.length)
      await at.resumable.complete('a/b', uploadId, { contentType, size: content.length })
      expect((await readFile(join(small, 'store/a/b'))).equals(content)).toBe(true)
    } finally {
      execFileSync('umount', [small])
    }
  })

  test('is unavailable, and not over, while the store’s folder is gone', async () => {
    const uploadId = await start(5)
    await rename(root, join(place, 'elsewhere'))
    const body = bodyOf(Buffer.from('films'))
    for (const attempt of [append(uploadId, { size: 5, body }), store.resumable.complete('a/b', uploadId, { contentType, size: 5 }), store.resumable.abort('a/b', uploadId), start(1)]) {
      await expect(attempt).rejects.toMatchObject({ code: 'unavailable', message: 'The object store is not there' })
    }
    expect(body.destroyed).toBe(true)
  })
})
