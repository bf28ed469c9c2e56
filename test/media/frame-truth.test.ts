import { readdir } from 'node:fs/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { MediaEngine, RenderedStoryboard } from '../../src/ports/media-engine.ts'
import { ffmpeg, ffprobe, FILM, frameTimes, mediaFolder, noise, numbered, numberIn, numbersIn, x264 } from '../support/films.ts'
import { ENGINES, hasSystemFfmpeg } from '../support/media-engines.ts'

const { signal } = new AbortController()
// Each test starts some dozen processes, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 })

const folder = mediaFolder('frame-truth')
afterAll(folder.remove)

interface Film {
  readonly name: string
  /** Command line of ffmpeg up to the name of the file. */
  readonly made: (path: (name: string) => string) => readonly string[]
  /** Another film of this list that it is made from. */
  readonly from?: string
  readonly format: string
  /** Empty where it varies. */
  readonly rate: string
  readonly rotation?: number
  readonly timecode?: string
  readonly seconds: number
  readonly hasSound?: boolean
  /** Worth a second run, with the older ffmpeg. */
  readonly withBoth?: boolean
}

const sound = ['-c:a', 'aac', '-b:a', '96k']
const pictured = (rate: string, seconds = 1, size = FILM) => ['-f', 'lavfi', '-i', numbered(rate, seconds, size)]
const heard = (seconds = 1) => ['-f', 'lavfi', '-i', noise(seconds)]

const FILMS: readonly Film[] = [
  { name: 'ntsc-film.mp4', made: () => [...pictured('24000/1001', 2), ...heard(2), ...x264, ...sound], format: 'mp4', rate: '24000/1001', seconds: 48 * (1001 / 24000) },
  { name: 'cinema.mov', made: () => [...pictured('24'), ...x264, '-timecode', '23:59:59:12'], format: 'mov', rate: '24/1', timecode: '23:59:59:12', seconds: 1, hasSound: false },
  { name: 'pal.mp4', made: () => [...pictured('25', 3), ...heard(3), ...x264, ...sound], format: 'mp4', rate: '25/1', seconds: 3, withBoth: true },
  {
    name: 'drop-frame.mov',
    made: () => [...pictured('30000/1001', 2), ...heard(2), ...x264, '-c:a', 'pcm_s16le', '-timecode', '01:00:00;00'],
    format: 'mov', rate: '30000/1001', timecode: '01:00:00;00', seconds: 2.002, withBoth: true,
  },
  { name: 'thirty.mkv', made: () => [...pictured('30'), ...heard(), ...x264, '-c:a', 'flac'], format: 'matroska', rate: '30/1', seconds: 1 },
  { name: 'fifty.mp4', made: () => [...pictured('50'), ...heard(), ...x264, ...sound], format: 'mp4', rate: '50/1', seconds: 1 },
  {
    name: 'sixty-ntsc.mov',
    made: () => [...pictured('60000/1001'), ...heard(), ...x264, ...sound, '-timecode', '10:00:00;00'],
    format: 'mov', rate: '60000/1001', timecode: '10:00:00;00', seconds: 60 * (1001 / 60000),
  },
  { name: 'sixty-silent.mp4', made: () => [...pictured('60'), ...x264], format: 'mp4', rate: '60/1', seconds: 1, hasSound: false },
  { name: 'hundred.mkv', made: () => [...pictured('100'), ...x264], format: 'matroska', rate: '100/1', seconds: 1, hasSound: false },
  // lavfi rounds this rate to 120.
  { name: 'slow-motion-ntsc.mov', made: () => [...pictured('120'), ...x264, '-r', '120000/1001', '-video_track_timescale', '120000'], format: 'mov', rate: '120000/1001', seconds: 120 * (1001 / 120000), hasSound: false },
  { name: 'slow-motion.mp4', made: () => [...pictured('120'), ...heard(), ...x264, ...sound], format: 'mp4', rate: '120/1', seconds: 1, withBoth: true },
  { name: 'rounded-times.mkv', made: () => [...pictured('24000/1001', 2), ...heard(2), ...x264, '-c:a', 'flac'], format: 'matroska', rate: '24000/1001', seconds: 2, withBoth: true },
  // The build of 2018 writes this tag the other way round into the file.
  { name: 'rotated.mp4', from: 'pal.mp4', made: (path) => ['-i', path('pal.mp4'), '-c', 'copy', '-metadata:s:v:0', 'rotate=270'], format: 'mp4', rate: '25/1', seconds: 3, rotation: 90, withBoth: true },
  {
    name: 'anamorphic.mp4',
    made: () => ['-f', 'lavfi', '-i', `${numbered('25', 1, { width: 240, height: 180 })},setsar=4/3`, ...x264],
    format: 'mp4', rate: '25/1', seconds: 1, hasSound: false,
  },
  {
    name: 'interlaced.mp4',
    made: () => [...pictured('25'), ...heard(), ...x264, '-flags', '+ildct+ilme', '-x264-params', 'tff=1', '-top', '1', ...sound],
    format: 'mp4', rate: '25/1', seconds: 1,
  },
  {
    name: 'open-gop.mp4',
    made: () => [...pictured('25', 3), ...heard(3), ...x264, '-x264-params', 'open-gop=1:scenecut=0:keyint=20:bframes=3:b-pyramid=normal', ...sound],
    format: 'mp4', rate: '25/1', seconds: 3, withBoth: true,
  },
  {
    name: 'variable.mp4',
    made: () => ['-f', 'lavfi', '-i', `${numbered('60', 2)},select='not(eq(mod(n\\,7)\\,3))*not(between(mod(n\\,60)\\,30\\,44))'`, ...heard(2), '-vsync', 'vfr', ...x264, '-video_track_timescale', '90000', ...sound],
    format: 'mp4', rate: '', seconds: 2, withBoth: true,
  },
  { name: 'late-start.mkv', from: 'pal.mp4', made: (path) => ['-i', path('pal.mp4'), '-c', 'copy', '-output_ts_offset', '100'], format: 'matroska', rate: '25/1', seconds: 3 },
  { name: 'late-picture.mov', from: 'pal.mp4', made: (path) => ['-itsoffset', '0.5', '-i', path('pal.mp4'), '-i', path('pal.mp4'), '-map', '0:v', '-map', '1:a', '-c', 'copy'], format: 'mov', rate: '25/1', seconds: 3 },
  { name: 'broadcast.ts', from: 'pal.mp4', made: (path) => ['-i', path('pal.mp4'), '-c', 'copy', '-output_ts_offset', '7200'], format: 'mpegts', rate: '25/1', seconds: 3, withBoth: true },
  { name: 'old.avi', from: 'drop-frame.mov', made: (path) => ['-i', path('drop-frame.mov'), '-map', '0:v', '-map', '0:a', '-c', 'copy'], format: 'avi', rate: '30000/1001', seconds: 2.002, withBoth: true },
  { name: 'cut.mp4', from: 'pal.mp4', made: (path) => ['-ss', '0.5', '-i', path('pal.mp4'), '-c', 'copy'], format: 'mp4', rate: '25/1', seconds: 2.5, withBoth: true },
] // prettier-ignore

beforeAll(async () => {
  for (const wave of [FILMS.filter((film) => !film.from), FILMS.filter((film) => film.from)]) {
    await Promise.all(wave.map(({ name, made }) => ffmpeg(...made(folder.path), folder.path(name))))
  }
}, 60_000)

/** A film of one rate stands on that rate's grid whatever its container rounds to; the other keeps its times. */
const timesOf = (film: Film, stored: readonly number[]) => {
  const [num = 1, den = 1] = film.rate.split('/').map(Number)
  return stored.map((time, frame) => (film.rate ? (frame * den) / num : time - (stored[0] ?? 0)))
}

/** The numbers in the tiles of a sheet, from the top left. */
async function numbersOnSheet({ path, tiles, tile, columns }: RenderedStoryboard, rotation: number | undefined): Promise<readonly number[]> {
  return Promise.all(
    tiles.map(async (_, at) => {
      const place = { left: (at % columns) * tile.width, top: Math.floor(at / columns) * tile.height, ...tile }
      return numberIn(await sharp(path).extract(place).png().toBuffer(), rotation)
    }),
  )
}

describe.each(ENGINES)('with $tool', ({ tool, engine: create, isBundled }) => {
  let engine: MediaEngine
  beforeAll(async () => {
    engine = await create(folder.path('temp', tool))
  })
  const films = FILMS.filter((film) => !isBundled || !hasSystemFfmpeg || film.withBoth)

  test.each(films)('$name: every preview, every tile and every frame of the proxy is the one that it says', async (film) => {
    const source = folder.path(film.name)
    const out = (...parts: readonly string[]) => folder.path('out', tool, film.name, ...parts)
    const probe = await engine.probe(source, signal)
    const [turned, rate] = [film.rotation === 90, `${probe.video?.frameRate?.num}/${probe.video?.frameRate?.den}`]
    expect(probe).toMatchObject({
      format: film.format,
      timecode: film.timecode ?? null,
      video: {
        codec: 'h264',
        displayWidth: turned ? FILM.height : FILM.width,
        displayHeight: turned ? FILM.width : FILM.height,
        rotation: film.rotation ?? 0,
        isVariableRate: film.rate === '',
      },
    })
    if (film.rate) expect(rate).toBe(film.rate)
    expect(probe.durationSeconds).toBeCloseTo(film.seconds, 1)
    expect(probe.audio !== null).toBe(film.hasSound ?? true)

    const progress: number[] = []
    const result = await engine.render({
      source, probe, signal,
      previews: { directory: out('previews'), everyFrames: 7, maxSize: 512 },
      storyboard: { path: out('sheet.jpg'), everyFrames: 4, maxSize: 160, mostTiles: 100 },
      proxy: { path: out('proxy.mp4') },
      onProgress: (share) => progress.push(share),
    }) // prettier-ignore
    const numbers = await numbersIn(source, film.rotation)
    // Packets before the beginning of an edit list are decoded and not shown.
    const times = timesOf(film, (await frameTimes(source)).slice(-numbers.length))

    expect(result.previews.map((each) => each.frame)).toEqual(numbers.map((_, at) => at).filter((at) => at % 7 === 0))
    for (const { path, frame, timestampSeconds, width, height } of result.previews) {
      expect(await numberIn(path, film.rotation)).toBe(numbers[frame])
      expect(timestampSeconds).toBeCloseTo(times[frame] ?? NaN, 3)
      expect(await sharp(path).metadata()).toMatchObject({ format: 'jpeg', width, height })
    }

    const sheet = result.storyboard
    if (!sheet) throw new Error('There is no sheet')
    expect(sheet.tiles.map((each) => each.frame)).toEqual(numbers.map((_, at) => at).filter((at) => at % 4 === 0))
    expect(await numbersOnSheet(sheet, film.rotation)).toEqual(sheet.tiles.map(({ frame }) => numbers[frame]))
    for (const { frame, timestampSeconds } of sheet.tiles) expect(timestampSeconds).toBeCloseTo(times[frame] ?? NaN, 3)

    const proxy = result.proxy?.path ?? ''
    expect(await numbersIn(proxy, film.rotation)).toEqual(numbers)
    const proxyTimes = await frameTimes(proxy)
    expect(proxyTimes).toHaveLength(times.length)
    for (const [frame, time] of proxyTimes.entries()) expect(time).toBeCloseTo(times[frame] ?? NaN, 3)
    if (film.timecode) expect(await ffprobe('-show_entries', 'stream_tags=timecode', '-of', 'csv=p=0', proxy)).toContain(film.timecode)
    expect(result.film?.frameCount).toBe(numbers.length)
    expect(result.film?.durationSeconds).toBeCloseTo((times.at(-1) ?? NaN) + lastFrameSeconds(film, times), film.rate ? 3 : 1)

    expect(progress.at(-1)).toBe(1)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
    expect(await readdir(folder.path('temp', tool, 'jobs'))).toEqual([])
  })

  const lastFrameSeconds = ({ rate }: Film, times: readonly number[]) => {
    const [num = 1, den = 1] = rate.split('/').map(Number)
    return rate ? den / num : (times.at(-1) ?? 0) / (times.length - 1)
  }
})
