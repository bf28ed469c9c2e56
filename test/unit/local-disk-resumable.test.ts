import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
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
/** Where an upload's bytes lie, until somebody else takes its turn. */
async function turnOf(uploadId: string, at = root) {
  const names = await readdir(join(at, '.multipart', uploadId))
  return join(at, '.multipart', uploadId, names.find((name) => name.startsWith('turn-')) ?? 'none')
}
const namesIn = async (uploadId: string) => (await readdir(await turnOf(uploadId))).sort()
const fileOf = async (uploadId: string) => join(await turnOf(uploadId), '0')
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)

describe('an upload in turn to the disk', () => {
  test('moves to its place without a byte being written twice', async () => {
    const uploadId = await start(5)
    await append(uploadId, { size: 5, body: bodyOf(Buffer.from('films')) })
    const { ino } = await stat(await fileOf(uploadId))
    await store.resumable.complete('a/b', uploadId, { contentType, size: 5 })
    const placed = await stat(join(root, 'a/b'))
    expect([placed.ino, placed.mode & 0o777, await readdir(join(root, '.multipart')), await readdir(join(root, '.temp'))]).toEqual([ino, 0o600, [], []])
  })

  test('gives whoever was stopped nothing that counts to write into', async () => {
    for (const isAtomic of [true, false]) {
      const uploadId = await start(6)
      const body = new Readable({ read: () => undefined })
      body.push('fi')
      const stopped = append(uploadId, { size: 6, isAtomic, body })
      await expect.poll(() => namesIn(uploadId)).toContain('0.open')
      const another = createLocalDisk({ root, links })
      expect(await append(uploadId, { at: another, size: 6, body: bodyOf(Buffer.from('films!')) })).toBe(6)
      await another.resumable.complete('a/b', uploadId, { contentType, size: 6 })
      body.push('xx')
      if (isAtomic) body.destroy(new Error('the checksum does not fit'))
      else body.push(null)
      await expect(stopped).rejects.toMatchObject({ code: 'locked', retryAfterSeconds: 2 })
      expect([await readFile(join(root, 'a/b'), 'utf8'), await readdir(join(root, '.multipart'))]).toEqual(['films!', []])
    }
  })

  test('joins what several writers left who were stopped, whichever offset the next one begins at', async () => {
    const content = Buffer.from('0123456789')
    const size = content.length
    const uploadId = await start(size)
    const left: { readonly body: Readable; readonly ended: Promise<unknown> }[] = []
    /** Takes the bytes, and waits for more. */
    const stop = async (offset: number, end: number, mark: string) => {
      const body = new Readable({ read: () => undefined })
      body.push(content.subarray(offset, end))
      left.push({ body, ended: append(uploadId, { offset, size, body }).catch((error: unknown) => error) })
      await expect.poll(() => namesIn(uploadId)).toContain(mark)
      await append(uploadId, { offset, size, body: bodyOf(content.subarray(offset, end)) })
    }
    await append(uploadId, { size, body: bodyOf(content.subarray(0, 2)) })
    for (const [offset, end, mark] of [[2, 5, '0.open'], [5, 9, '2.open'], [5, 7, '5.open'], [3, 6, '3.open']] as const) await stop(offset, end, mark)
    await expect(append(uploadId, { offset: 7, size, body: bodyOf(content.subarray(7)) })).rejects.toMatchObject({ code: 'conflict' })
    expect(await namesIn(uploadId)).toEqual(['0', '0.open', '2', '2.open', '3'])
    await append(uploadId, { offset: 6, size, body: bodyOf(content.subarray(6)) })
    for (const { body } of left) body.push('wrong') && body.push(null)
    expect(await Promise.all(left.map(({ ended }) => ended))).toMatchObject(left.map(() => ({ code: 'locked' })))
    expect(await store.resumable.complete('a/b', uploadId, { contentType, size })).toEqual(await store.head('a/b'))
    expect([await readFile(join(root, 'a/b'), 'utf8'), await readdir(join(root, '.multipart'))]).toEqual([String(content), []])
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
    onTestFinished(() => void child.kill('SIGKILL')) // not left to wait, whatever fails
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
      await rename(await fileOf(uploadId), join(root, 'a/b'))
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
        if (given % mebibyte === 0) ahead.push(given - (await stat(await fileOf(uploadId))).size)
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
      for (const name of ['key', '.']) await utimes(join(root, '.multipart', uploadId, name), daysAgo(8), daysAgo(8))
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
    expect(body.destroyed).toBe(false)
  })
})
