import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { box, replaceDataReference } from '../support/external-reference.ts'
import { bundled, ffmpeg, mediaFolder, noise, x264 } from '../support/films.ts'
import { PLAYLISTS } from '../support/playlists.ts'

vi.setConfig({ testTimeout: 30_000 })

const folder = mediaFolder('containers')
const temp = folder.path('temp', '.')
const engines = {
  found: createFfmpeg({ tempDir: temp, slots: 2 }),
  bundled: createFfmpeg({ tempDir: temp, slots: 2, ffmpegPath: bundled('ffmpeg'), ffprobePath: bundled('ffprobe') }),
}
const { signal } = new AbortController()

let listener: Server
let hits = 0
const address = () => {
  const bound = listener.address()
  return `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`
}
beforeAll(async () => {
  listener = createServer((socket) => {
    hits += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await Promise.all(
    [['own', 'black'], ['foreign', 'white']].map(([name, colour]) =>
      ffmpeg('-f', 'lavfi', '-i', `color=${colour}:s=320x180:d=1`, '-f', 'lavfi', '-i', noise(1), ...x264, '-c:a', 'aac', folder.path(`${name}.mov`)),
    ),
  )
}, 30_000)
afterAll(() => {
  listener.close()
  folder.remove()
})

/** The brightest that any picture made of the file is, 0..255; a file that is refused has none. */
async function brightest(source: string, engine = engines.found): Promise<number | undefined> {
  const out = folder.path('out', `${Math.random()}`)
  try {
    const probe = await engine.probe(source, signal)
    const poster = await engine.poster({ source, atSeconds: 0.5, target: `${out}/poster.jpg`, maxSize: 320, signal })
    const { previews } = await engine.render({ source, probe, previews: { directory: `${out}/previews`, everyFrames: 5, maxSize: 320 }, proxy: { path: `${out}/proxy.mp4` }, signal })
    expect(previews.length).toBeGreaterThan(0)
    const shown = await Promise.all([poster, ...previews].map(async ({ path }) => (await sharp(path).greyscale().stats()).channels[0]?.max ?? 255))
    return Math.max(...shown)
  } catch (error) {
    expect(error).toMatchObject({ name: 'MediaError', message: expect.stringMatching(/^[A-Z][^/\\[\]]*\.$/) })
    return undefined
  } finally {
    expect(hits).toBe(0)
    expect(readdirSync(temp, { recursive: true }).filter((name) => name !== 'jobs')).toEqual([])
  }
}
const DARK = 40

const url = (target: string) => Buffer.concat([Buffer.alloc(4), Buffer.from(`${target}\0`)])
const urn = (target: string) => Buffer.concat([Buffer.alloc(4), Buffer.from(`name\0${target}\0`)])
/** QuickTime File Format, "Reference Movies". */
const referenceMovie = (target: string) =>
  box('moov', box('rmra', box('rmda', box('rdrf', Buffer.concat([Buffer.alloc(4), Buffer.from('url '), uint32(target.length + 1), Buffer.from(`${target}\0`)])))))
const uint32 = (value: number) => Buffer.from([value >> 24, value >> 16, value >> 8, value])

describe.each(Object.entries(engines))('with the ffmpeg that is %s', (_, engine) => {
  test('takes nothing from where attachments and subtitles of a Matroska lead', async () => {
    const foreign = folder.path('foreign.mov')
    const [subtitles, font] = [folder.path('subtitles.ass'), folder.path('font.ttf')]
    writeFileSync(subtitles, String(PLAYLISTS.find(([kind]) => kind === 'subtitles with fonts')?.[1](address(), foreign)))
    writeFileSync(font, `#EXTM3U\n#EXTINF:1,\nfile://${foreign}\n`)
    const source = folder.path('attached.mkv')
    const attach = [`../../escaped.ttf`, `${address()}/a.ttf`, foreign].flatMap((name, at) => ['-attach', font, `-metadata:s:t:${at}`, 'mimetype=application/x-truetype-font', `-metadata:s:t:${at}`, `filename=${name}`])
    await ffmpeg('-i', folder.path('own.mov'), '-i', subtitles, '-map', '0', '-map', '1', '-c', 'copy', '-c:s', 'ass', ...attach, source)
    expect(await brightest(source, engine)).toBeLessThan(DARK)
    expect(existsSync(folder.path('escaped.ttf'))).toBe(false)
    expect(statSync(foreign).size).toBeGreaterThan(1000)
  })

  test('takes nothing from where data references of a MOV or MP4 lead', async () => {
    const targets = [`${address()}/film.mov`, `file://${folder.path('foreign.mov')}`, folder.path('foreign.mov')]
    for (const [at, target] of targets.entries()) {
      for (const [type, content] of [['url ', url(target)], ['urn ', urn(target)]] as const) {
        const source = folder.path(`reference-${at}-${type.trim()}.mov`)
        replaceDataReference(folder.path('own.mov'), source, box(type, content))
        expect((await brightest(source, engine)) ?? 0).toBeLessThan(DARK)
      }
      const movie = folder.path(`reference-movie-${at}.mov`)
      writeFileSync(movie, Buffer.concat([box('ftyp', Buffer.from('qt  \0\0\0\0qt  ')), referenceMovie(target)]))
      expect(await brightest(movie, engine)).toBeUndefined()
    }
  })

  test('reads a film as a film, whatever stands in its empty space', async () => {
    const playlist = Buffer.from(`#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${address()}/a.ts\nfile://${folder.path('foreign.mov')}\n`)
    const film = readFileSync(folder.path('own.mov'))
    // An index that stands behind its media counts from the file's beginning, so that what comes before it stays.
    const source = folder.path('space.mov')
    writeFileSync(source, Buffer.concat([film, box('free', playlist), box('uuid', playlist)]))
    expect(await brightest(source, engine)).toBeLessThan(DARK)
    const first = folder.path('space-first.mov')
    writeFileSync(first, Buffer.concat([box('free', playlist), film]))
    expect((await brightest(first, engine)) ?? 0).toBeLessThan(DARK)
  })

  test('says of what is cut anywhere that it is incomplete or damaged, or makes of it what is there', async () => {
    const film = folder.path('own.mov')
    const { size } = statSync(film)
    for (const length of [1, 7, 8, 36, 100, Math.round(size / 3), size - 700, size - 8, size - 1]) {
      const source = folder.path(`cut-${length}.mov`)
      writeFileSync(source, readFileSync(film))
      truncateSync(source, length)
      expect((await brightest(source, engine)) ?? 0).toBeLessThan(DARK)
    }
  })
})
