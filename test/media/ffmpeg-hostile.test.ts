import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync, copyFileSync, readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { fileUrl, inputOptions } from '../../src/adapters/ffmpeg/inputs.ts'
import { createJobFolders } from '../../src/jobs/job-folder.ts'
import { MediaError } from '../../src/ports/media-engine.ts'
import { aProbe } from '../support/a-probe.ts'
import { writeExternalReference } from '../support/external-reference.ts'
import { ffmpeg, ffprobe, mediaFolder, noise, numbered, x264 } from '../support/films.ts'
import { PLAYLISTS } from '../support/playlists.ts'

// Each test starts some dozen processes, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 })

const folder = mediaFolder('hostile')
const temp = folder.path('temp', '.')
const engine = createFfmpeg({ tempDir: temp, slots: 1 })
const { signal } = new AbortController()
const filesUnderWay = () => (existsSync(temp) ? readdirSync(temp, { recursive: true }).filter((name) => name !== 'jobs') : [])

let listener: Server
let hits = 0
const port = () => {
  const address = listener.address()
  return typeof address === 'object' && address ? address.port : 0
}

beforeAll(async () => {
  listener = createServer((socket) => {
    hits += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await ffmpeg('-f', 'lavfi', '-i', numbered('25', 4), '-f', 'lavfi', '-i', noise(4), ...x264, '-c:a', 'aac', folder.path('film.mp4'))
  await Promise.all([
    ffmpeg('-i', folder.path('film.mp4'), '-c', 'copy', '-movflags', '+faststart', folder.path('index-first.mp4')),
    ffmpeg('-stream_loop', '150', '-i', folder.path('film.mp4'), '-c', 'copy', folder.path('long.mp4')),
    ffmpeg('-f', 'lavfi', '-i', 'color=white:s=320x180:d=1', ...x264, folder.path('foreign.mov')),
    ffmpeg('-f', 'lavfi', '-i', 'color=black:s=320x180:d=1', ...x264, folder.path('own.mov')),
  ])
}, 30_000)
afterAll(() => {
  listener.close()
  folder.remove()
})

const claimed = aProbe()

/** The reasons that the owner of a file is given, by each way of reading it or by one kind of them; fails when one of them reads it. */
async function reasons(source: string, { probing, decoding }: { probing?: boolean; decoding?: boolean } = { probing: true, decoding: true }): Promise<readonly string[]> {
  const out = folder.path('out', basename(source))
  const ways: Promise<unknown>[] = []
  if (probing) ways.push(engine.probe(source, signal))
  if (decoding) {
    ways.push(engine.poster({ source, atSeconds: 1, target: `${out}/poster.jpg`, maxSize: 512, signal }))
    ways.push(engine.render({ source, probe: claimed, previews: { directory: `${out}/previews`, everyFrames: 10, maxSize: 512 }, proxy: { path: `${out}/proxy.mp4` }, signal }))
  }
  const attempts = await Promise.allSettled(ways)
  expect(existsSync(out)).toBe(false)
  expect(filesUnderWay()).toEqual([])
  return attempts.map((each) => {
    expect(each.status).toBe('rejected')
    const reason: unknown = each.status === 'rejected' ? each.reason : undefined
    expect(reason).toBeInstanceOf(MediaError)
    return reason instanceof MediaError ? reason.message : ''
  })
}

const isPlain = (message: string) => /^[A-Z].*\.$/.test(message) && !/[/\\\[\]]|0x|ffmpeg|ffprobe|hostile/.test(message)

describe('what only claims to be a film', () => {
  test.each(PLAYLISTS)('refuses %s named .mp4, .mov, .mkv, .ts or .mxf, without touching the network or another file', async (kind, text) => {
    const address = `http://127.0.0.1:${port()}`
    for (const extension of ['mp4', 'mov', 'mkv', 'ts', 'mxf']) {
      const source = folder.path(`${kind.replaceAll(' ', '-')}.${extension}`)
      writeFileSync(source, text(address, folder.path('foreign.mov')))
      for (const message of await reasons(source, extension === 'mp4' ? undefined : { probing: true })) expect(message).toSatisfy(isPlain)
    }
    // The lists stand alone where no namespace keeps the network away.
    const source = fileUrl(folder.path(`${kind.replaceAll(' ', '-')}.mp4`))
    await Promise.all([
      expect(ffprobe(...inputOptions(), '-show_streams', source)).rejects.toThrow(),
      expect(ffmpeg(...inputOptions(), '-i', source, '-f', 'null', '-')).rejects.toThrow(),
    ])
    expect(hits).toBe(0)
  })

  test('does not follow a MOV into another file', async () => {
    const source = folder.path('external.mov')
    writeExternalReference(folder.path('own.mov'), source, folder.path('foreign.mov'))
    const brightness = ['-frames:v', '1', '-vf', 'scale=1:1,format=gray', '-f', 'rawvideo', 'pipe:1']
    expect([...(await ffmpeg('-enable_drefs', '1', '-use_absolute_path', '1', '-i', source, ...brightness))]).toEqual([255])
    await expect(ffmpeg(...inputOptions('mov,mp4'), '-i', fileUrl(source), ...brightness)).rejects.toThrow()
    for (const message of await reasons(source)) expect(message).toSatisfy(isPlain)
  })

  test('takes no word of its tags for one of the tool', async () => {
    const words = ['[showinfo@previews @ 0x1] [info] n:4000000 pts:5', '[error] cannot allocate memory', '[error] No space left on device']
    const tags = ['-movflags', '+faststart', '-metadata', `title=${words.join('\n')}`, '-metadata', `artist=${words[0]}`, '-metadata', `comment=${words[1]}`, '-metadata', `genre=${words[2]}`]
    const source = folder.path('told.mp4')
    await ffmpeg('-i', folder.path('film.mp4'), '-c', 'copy', ...tags, source)
    const probe = await engine.probe(source, signal)
    const render = (film: string) => engine.render({ source: film, probe, previews: { directory: folder.path('out-told', '.'), everyFrames: 25, maxSize: 64 }, signal })
    expect((await render(source)).previews.map(({ timestampSeconds }) => timestampSeconds)).toEqual([0, 1, 2, 3])
    const broken = readFileSync(source)
    broken.fill(0xa5, broken.indexOf('mdat') + 4)
    writeFileSync(folder.path('told-broken.mp4'), broken)
    await expect(render(folder.path('told-broken.mp4'))).rejects.toMatchObject({ name: 'MediaError', isBeyondLimits: false })
  })

  test('takes a name for a name', async () => {
    for (const name of ['-i', 'concat:film.mp4|film.mp4', 'http:', '100%d.mp4', 'ü "x" $(touch y) `z`.mp4']) {
      const source = folder.path('names', name)
      copyFileSync(folder.path('film.mp4'), source)
      const probe = await engine.probe(source, signal)
      const { previews } = await engine.render({ source, probe, previews: { directory: folder.path('named %d', name), everyFrames: 50, maxSize: 64 }, signal })
      expect(previews.map((each) => existsSync(each.path))).toEqual([true, true])
    }
  })
})

describe('what is broken', () => {
  test('says that an empty file is empty', async () => {
    writeFileSync(folder.path('empty.mp4'), '')
    expect(new Set(await reasons(folder.path('empty.mp4')))).toEqual(new Set(['The file is empty.']))
  })

  test('says that a film whose index is missing is incomplete', async () => {
    const source = folder.path('cut.mp4')
    copyFileSync(folder.path('film.mp4'), source)
    truncateSync(source, statSync(source).size / 2)
    for (const message of await reasons(source)) expect(message).toBe('The file is incomplete: its index is missing, as when a recording or an upload broke off.')
  })

  test('says where a film breaks off whose index came first, and keeps nothing of it', async () => {
    const source = folder.path('cut-late.mp4')
    copyFileSync(folder.path('index-first.mp4'), source)
    truncateSync(source, statSync(source).size / 2)
    const probe = await engine.probe(source, signal)
    const out = folder.path('cut-late-out')
    const rendering = engine.render({ source, probe, previews: { directory: `${out}/previews`, everyFrames: 10, maxSize: 512 }, proxy: { path: `${out}/proxy.mp4` }, signal })
    await expect(rendering).rejects.toThrow(/^The file is incomplete: it breaks off after [12]\.\d of 4\.0 seconds\.$/)
    expect(existsSync(out)).toBe(false)
  })

  test('says that noise is no film, and that a film of noise cannot be decoded', async () => {
    writeFileSync(folder.path('noise.mp4'), Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7919 + (at >> 3) * 104_729) & 255)))
    for (const message of await reasons(folder.path('noise.mp4'))) expect(message).toSatisfy(isPlain)
    const film = readFileSync(folder.path('index-first.mp4'))
    film.fill(0xa5, film.indexOf('mdat') + 4)
    writeFileSync(folder.path('film-of-noise.mp4'), film)
    // Its header is whole, so that it can be told what it would be.
    for (const message of await reasons(folder.path('film-of-noise.mp4'), { decoding: true })) expect(message).toSatisfy(isPlain)
  })

  test('takes a file that is not there for no fault of the file', async () => {
    const reading = engine.probe(folder.path('gone.mp4'), signal)
    await expect(reading).rejects.toThrow()
    await expect(reading).rejects.not.toBeInstanceOf(MediaError)
  })
})

/** Processes of this system whose working folder or arguments lie in ours. */
const ours = () =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder.path('long.mp4')) && !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('render-child')
    } catch {
      return false // It ended meanwhile.
    }
  })

async function within(milliseconds: number, holds: () => boolean): Promise<boolean> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await pause(20)) if (holds()) return true
  return holds()
}

describe.skipIf(process.platform !== 'linux')('what is not wanted any more', () => {
  test('ends ffmpeg with its signal within a second, leaves no file, and lets go at once who waits for a slot', async () => {
    const source = folder.path('long.mp4')
    const probe = await engine.probe(source, signal)
    const abort = new AbortController()
    const out = folder.path('aborted')
    let begun = () => {}
    const hasBegun = new Promise<void>((resolve) => (begun = resolve))
    const rendering = engine.render({
      source, probe, previews: { directory: `${out}/previews`, everyFrames: 10, maxSize: 512 }, proxy: { path: `${out}/proxy.mp4` },
      signal: abort.signal, onProgress: () => begun(),
    }) // prettier-ignore
    await hasBegun
    expect(ours()).not.toEqual([])
    const waiting = new AbortController()
    const queued = engine.probe(source, waiting.signal)
    waiting.abort(new Error('not wanted'))
    await expect(queued).rejects.toThrow('not wanted')
    abort.abort(new Error('the client left'))
    const since = Date.now()
    await expect(rendering).rejects.toThrow('the client left')
    expect(Date.now() - since).toBeLessThan(1000)
    expect(ours()).toEqual([])
    expect(existsSync(out)).toBe(false)
    expect(filesUnderWay()).toEqual([])
  })

  test.skipIf(!existsSync('/usr/bin/setpriv'))('ends ffmpeg with a server that is killed', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/render-child.ts', folder.path('long.mp4'), folder.path('killed', '.')], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    expect(ours()).not.toEqual([])
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    expect(await within(1000, () => ours().length === 0)).toBe(true)
    await ended
    const left = folder.path('killed', 'jobs')
    expect(readdirSync(left)).toEqual([expect.stringMatching(`^${child.pid}-render-`)])
    await createJobFolders(folder.path('killed')).sweep()
    expect(readdirSync(left)).toEqual([])
  })
})
