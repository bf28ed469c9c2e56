import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { refusingFullFolder } from '../../src/adapters/ffmpeg/full-folder.ts'
import { createRunner } from '../../src/adapters/run.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { mediaFolder } from '../support/films.ts'

const folder = mediaFolder('full-disk')
afterAll(() => folder.remove())
const { signal } = new AbortController()
const full = { code: 'unavailable', message: 'The folder for temporary files is full' }

test.skipIf(process.platform === 'win32')('a tool that tells of a full disk has not ended well, though it says so', async () => {
  // Where nobody can tell how much space is left, the tool is believed.
  const runner = refusingFullFolder(createRunner({ slots: 2 }), folder.path('nowhere'))
  const lines: string[] = []
  const tell = (line: string) =>
    runner.run({ program: '/bin/sh', args: ['-c', `echo '${line}' >&2; seq 1 9999 >&2`], limits: { seconds: 20, fileBytes: 0 }, signal, onStderrLine: (each) => lines.push(each) })
  await expect(tell('[mp4 @ 0x1] [error] Error writing trailer of a.m4a: No space left on device')).rejects.toMatchObject(full)
  expect(lines.length).toBe(10_000)
  for (const said of ['[info] title: No space left on device', '[error] /No space left on device/a.mov: moov atom not found']) expect((await tell(said)).code).toBe(0)
})

test.skipIf(process.platform === 'win32')('words about a full disk are the source’s own where there is space', async () => {
  const runner = refusingFullFolder(createRunner({ slots: 1 }), folder.path('.'))
  const args = ['-c', `echo '[error] Unknown attached picture mimetype: x' >&2; echo '[error] No space left on device' >&2; exit 1`]
  expect(await runner.run({ program: '/bin/sh', args, limits: { seconds: 20, fileBytes: 0 }, signal })).toMatchObject({ code: 1 })
})

test.skipIf(!existsSync('/dev/full'))('a full disk is none of a drawing’s faults', async () => {
  const [source, target] = [folder.path('fine.svg'), folder.path('full', 'fine.jpg')]
  writeFileSync(source, '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><circle cx="150" cy="100" r="90"/></svg>')
  symlinkSync('/dev/full', `${target}.drawn.png`)
  await expect(createSharp().rendition({ source, target, maxSize: 200, signal })).rejects.toMatchObject(full)
  expect(readdirSync(folder.path('full', '.'))).toEqual([])
})
