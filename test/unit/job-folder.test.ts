import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { unavailable } from '../../src/errors.ts'
import { createJobFolders } from '../../src/jobs/job-folder.ts'
import { reasonFor } from '../../src/jobs/job-faults.ts'
import { MediaError } from '../../src/ports/media-engine.ts'

let temp: string
beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'job-folder-'))
})
afterEach(() => rm(temp, { recursive: true, force: true }))

test('a sweep takes what dead processes left, and those before us that had our number, but nothing of a living one', async () => {
  const dead = spawn(process.execPath, ['-e', ''])
  await once(dead, 'exit')
  const folders = [`${dead.pid}-abcdef`, `${dead.pid}-render-abcdef`, `${process.pid}-abcdef`, `${process.pid}-render-abcdef`, `${process.ppid}-abcdef`, `${process.ppid}-render-abcdef`]
  for (const name of folders) await mkdir(join(temp, 'jobs', name, 'inside'), { recursive: true })
  await createJobFolders(temp).sweep()
  expect((await readdir(join(temp, 'jobs'))).sort()).toEqual([`${process.ppid}-abcdef`, `${process.ppid}-render-abcdef`])
})

test('a sweep takes folders of earlier versions that nobody has written to for a day', async () => {
  const dayBefore = new Date(Date.now() - 1.1 * 86_400_000)
  for (const name of ['render-aB3dEf', 'render-active', 'poster-aB3dEf', 'render-farm-of-mine']) {
    await mkdir(join(temp, name))
    await writeFile(join(temp, name, 'proxy.mp4'), 'x')
    if (name !== 'render-active') await utimes(join(temp, name, 'proxy.mp4'), dayBefore, dayBefore)
    await utimes(join(temp, name), dayBefore, dayBefore)
  }
  await createJobFolders(temp).sweep()
  expect((await readdir(temp)).sort()).toEqual(['render-active', 'render-farm-of-mine'])
})

test('a sweep of a folder that is not there is done at once', async () => {
  await expect(createJobFolders(join(temp, 'none')).sweep()).resolves.toBeUndefined()
})

test('a job’s folder goes with it', async () => {
  const folders = createJobFolders(temp)
  await expect(folders.use(async (folder) => writeFile(join(folder, 'x'), 'x').then(() => Promise.reject(new Error('failed'))))).rejects.toThrow('failed')
  expect(await readdir(join(temp, 'jobs'))).toEqual([])
})

test('owners are told what was made for them to read, and nothing else', () => {
  const full = Object.assign(new Error('ENOSPC: write /var/secret'), { code: 'ENOSPC' })
  const fullToo = new Error('/var/secret/a.png: write error\nsystem error: No space left on device\nwbuffer_write: write failed')
  expect([new MediaError('The file is empty.'), unavailable('The media tool was killed'), full, fullToo, new Error('at /var/secret')].map(reasonFor)).toEqual([
    'The file is empty.',
    'The media tool was killed',
    'The folder for temporary files is full',
    'The folder for temporary files is full',
    'Something went wrong on the server; it will be in its log',
  ])
})
