import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLocalDisk } from '../../src/adapters/local-disk/local-disk.ts'
import { localSource } from '../../src/objects/local-source.ts'
import type { ObjectStorage } from '../../src/ports/object-storage.ts'

const { signal } = new AbortController()
const links = { get: (key: string) => key, put: (key: string) => ({ url: key, headers: {} }) }
const key = 'incoming/No space left on device.mov'

let place: string
let disk: ObjectStorage

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'local-source-'))
  disk = createLocalDisk({ root: join(place, 'objects'), links })
  await disk.put(key, Buffer.from('film'), { contentType: 'video/quicktime' })
})
afterEach(() => rm(place, { recursive: true, force: true }))

test('a source has the same name for the media tools wherever it is kept, and goes with its job', async () => {
  // As on S3, where there are no files.
  const elsewhere: ObjectStorage = { ...disk, localPath: () => undefined }
  for (const [at, storage] of [disk, elsewhere].entries()) {
    const folder = join(place, `job-${at}`)
    await mkdir(folder)
    const path = await localSource(storage, { key, folder, signal })
    expect(path).toBe(join(folder, 'source'))
    expect(await readFile(path, 'utf8')).toBe('film')
    await rm(folder, { recursive: true })
  }
  expect(await readFile(join(place, 'objects', key), 'utf8')).toBe('film')
  expect(await readdir(place)).toEqual(['objects'])
})
