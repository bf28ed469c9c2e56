import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import type { MediaEngine, Probe, RenderResult } from '../../src/ports/media-engine.ts'
import { ffmpeg, ffprobe, FILM, frameTimes, mediaFolder, noise, numbered, numberIn, numbersIn, x264 } from '../support/films.ts'

const { signal } = new AbortController()
// Each test starts some dozen processes, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 })

const folder = mediaFolder('media')
afterAll(folder.remove)

interface Film {
  readonly name: string
  /** Command line of ffmpeg up to the name of the file. */
  readonly made: (path: (name: string) => string) => readonly string[]
  /** Another film of this list that it is made from. */
  readonly from?: string
  readonly format: string
  readonly rate: string
  readonly rotation?: number
  readonly timecode?: string
  readonly seconds: number
  readonly isVariable?: boolean
  readonly hasSound?: boolean
}

const sound = ['-c:a', 'aac', '-b:a', '96k']
const pictured = (rate: string, seconds = 2, size = FILM) => ['-f', 'lavfi', '-i', numbered(rate, seconds, size)]
const heard = (seconds = 2) => ['-f', 'lavfi', '-i', noise(seconds)]

const FILMS: readonly Film[] = [
  { name: 'ntsc-film.mp4', made: () => [...pictured('24000/1001'), ...heard(), ...x264, ...sound], format: 'mp4', rate: '24000/1001', seconds: 48 * (1001 / 24000) },
  { name: 'pal.mp4', made: () => [...pictured('25', 3), ...heard(3), ...x264, ...sound], format: 'mp4', rate: '25/1', seconds: 3 },
  {
    name: 'drop-frame.mov',
    made: () => [...pictured('30000/1001'), ...heard(), ...x264, '-c:a', 'pcm_s16le', '-timecode', '01:00:00;00'],
    format: 'mov', rate: '30000/1001', timecode: '01:00:00;00', seconds: 2.002,
  },
  { name: 'sixty-silent.mp4', made: () => [...pictured('60', 1), ...x264], format: 'mp4', rate: '60/1', seconds: 1, hasSound: false },
  { name: 'rounded-times.mkv', made: () => [...pictured('24000/1001'), ...heard(), ...x264, '-c:a', 'flac'], format: 'matroska', rate: '24000/1001', seconds: 2 },
  // The build of 2018 writes this tag the other way round into the file.
  { name: 'rotated.mp4', from: 'pal.mp4', made: (path) => ['-i', path('pal.mp4'), '-c', 'copy', '-metadata:s:v:0', 'rotate=270'], format: 'mp4', rate: '25/1', seconds: 3, rotation: 90 },
  {
    name: 'anamorphic.mp4',
    made: () => ['-f', 'lavfi', '-i', `${numbered('25', 1, { width: 240, height: 180 })},setsar=4/3`, ...x264],
    format: 'mp4', rate: '25/1', seconds: 1, hasSound: false,
  },
  {
    name: 'open-gop.mp4',
    made: () => [...pictured('25', 3), ...heard(3), ...x264, '-x264-params', 'open-gop=1:scenecut=0:keyint=20:bframes=3:b-pyramid=normal', ...sound],
    format: 'mp4', rate: '25/1', seconds: 3,
  },
  {
    name: 'variable.mp4',
    made: () => ['-f', 'lavfi', '-i', `${numbered('60', 2)},select='not(eq(mod(n\\,7)\\,3))*not(between(mod(n\\,60)\\,30\\,44))'`, ...heard(), '-vsync', 'vfr', ...x264, '-video_track_timescale', '90000', ...sound],
    format: 'mp4', rate: '', seconds: 2, isVariable: true,
  },
  { name: 'late-start.mkv', from: 'pal.mp4', made: (path) => ['-i', path('pal.mp4'), '-c', 'copy', '-output_ts_offset', '100'], format: 'matroska', rate: '25/1', seconds: 3 },
  { name: 'broadcast.ts', from: 'pal.mp4', made: (path) => ['-i', path('pal.mp4'), '-c', 'copy'], format: 'mpegts', rate: '25/1', seconds: 3 },
  { name: 'old.avi', from: 'drop-frame.mov', made: (path) => ['-i', path('drop-frame.mov'), '-map', '0:v', '-map', '0:a', '-c', 'copy'], format: 'avi', rate: '30000/1001', seconds: 2.002 },
  { name: 'cut.mp4', from: 'pal.mp4', made: (path) => ['-ss', '0.5', '-i', path('pal.mp4'), '-c', 'copy'], format: 'mp4', rate: '25/1', seconds: 2.5 },
] // prettier-ignore

beforeAll(async () => {
  for (const wave of [FILMS.filter((film) => !film.from), FILMS.filter((film) => film.from)]) {
    await Promise.all(wave.map(({ name, made }) => ffmpeg(...made(folder.path), folder.path(name))))
  }
  await Promise.all([
    ffmpeg(...heard(2), '-c:a', 'aac', folder.path('talk.m4a')),
    ffmpeg(...heard(2), ...pictured('1', 1), '-c:a', 'libmp3lame', '-c:v', 'mjpeg', '-map', '0', '-map', '1', '-disposition:v', 'attached_pic', '-id3v2_version', '3', folder.path('song.mp3')),
  ])
}, 60_000)

/** Without anything on the search path, so that the ones that npm brought are found. */
async function bundledEngine(): Promise<MediaEngine> {
  const path = process.env['PATH']
  process.env['PATH'] = ''
  try {
    const engine = createFfmpeg({ tempDir: folder.path('temp-bundled'), slots: 2 })
    await engine.describe()
    return engine
  } finally {
    process.env['PATH'] = path
  }
}

const hasSystemFfmpeg = (process.env['PATH'] ?? '').split(delimiter).some((each) => existsSync(join(each, 'ffmpeg')))
const ENGINES = [
  { tool: 'the bundled ffmpeg', engine: bundledEngine, temp: 'temp-bundled', isThere: true },
  { tool: 'the system’s ffmpeg', engine: async () => createFfmpeg({ tempDir: folder.path('temp-system'), slots: 2 }), temp: 'temp-system', isThere: hasSystemFfmpeg },
]

describe.each(ENGINES.filter((each) => each.isThere))('with $tool', ({ tool, engine: create, temp }) => {
  let engine: MediaEngine
  beforeAll(async () => {
    engine = await create()
  })
  const out = (...parts: readonly string[]) => folder.path('out', tool, ...parts)

  async function rendered(name: string, everyFrames: number): Promise<{ probe: Probe; result: RenderResult; progress: readonly number[] }> {
    const source = folder.path(name)
    const probe = await engine.probe(source, signal)
    const progress: number[] = []
    const result = await engine.render({
      source, probe, signal,
      ...(probe.video && { previews: { directory: out(name, 'previews'), everyFrames, maxSize: 512 }, proxy: { path: out(name, 'proxy.mp4') } }),
      ...(probe.audio && { audio: { path: out(name, 'sound.m4a') } }),
      onProgress: (share) => progress.push(share),
    }) // prettier-ignore
    return { probe, result, progress }
  }

  test.each(FILMS)('tells what $name is, and renders each frame as the one that it is', async (film) => {
    const { probe, result, progress } = await rendered(film.name, 7)
    const turned = film.rotation === 90
    expect(probe).toMatchObject({
      format: film.format,
      timecode: film.timecode ?? null,
      video: {
        codec: 'h264',
        displayWidth: turned ? FILM.height : FILM.width,
        displayHeight: turned ? FILM.width : FILM.height,
        rotation: film.rotation ?? 0,
        isVariableRate: film.isVariable ?? false,
      },
    })
    if (!film.isVariable) expect(`${probe.video?.frameRate?.num}/${probe.video?.frameRate?.den}`).toBe(film.rate)
    expect(probe.durationSeconds).toBeCloseTo(film.seconds, 1)
    expect(probe.audio !== null).toBe(film.hasSound ?? true)

    const source = await numbersIn(folder.path(film.name), film.rotation)
    const sourceTimes = await frameTimes(folder.path(film.name))
    expect(result.previews.map((each) => each.frame)).toEqual(source.map((_, at) => at).filter((at) => at % 7 === 0))
    for (const { path, frame, timestampSeconds, width, height } of result.previews) {
      expect(await numberIn(path, film.rotation)).toBe(source[frame])
      expect(timestampSeconds).toBeCloseTo(expectedTime(film, frame, sourceTimes), 3)
      expect(await sharp(path).metadata()).toMatchObject({ format: 'jpeg', width, height })
    }
    const proxy = result.proxy?.path ?? ''
    expect(await numbersIn(proxy, film.rotation)).toEqual(source)
    const times = await frameTimes(proxy)
    for (const [frame, time] of times.entries()) expect(time).toBeCloseTo(expectedTime(film, frame, sourceTimes), 3)
    expect(progress.at(-1)).toBe(1)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
    expect(await readdir(folder.path(temp, 'jobs'))).toEqual([])
  })

  /** A film of one rate stands on that rate's grid whatever its container rounds to; the other keeps its times. */
  const expectedTime = (film: Film, frame: number, times: readonly number[]) => {
    const [num = 1, den = 1] = film.rate.split('/').map(Number)
    return film.isVariable ? (times[frame] ?? 0) - (times[0] ?? 0) : (frame * den) / num
  }

  test('makes proxies that browsers and editors like: H.264 High, 4:2:0, AAC stereo, index first, a keyframe at least every 2 s, the timecode', async () => {
    const { result } = await rendered('drop-frame.mov', 30)
    const proxy = result.proxy?.path ?? ''
    const report: unknown = JSON.parse(await ffprobe('-show_streams', '-show_format', '-of', 'json', proxy))
    expect(report).toMatchObject({
      streams: [
        { codec_name: 'h264', profile: 'High', pix_fmt: 'yuv420p', sample_aspect_ratio: '1:1', avg_frame_rate: '30000/1001', nb_frames: '60', color_space: 'smpte170m', tags: { timecode: '01:00:00;00' } },
        { codec_name: 'aac', channels: 2, sample_rate: '48000' },
        { codec_tag_string: 'tmcd' },
      ],
    })
    expect(result.proxy).toMatchObject({ width: 320, height: 180, durationSeconds: 2.002 })
    const order = await ffprobe('-v', 'trace', proxy).catch(() => '')
    expect(order.indexOf("type:'moov'")).toBeLessThanOrEqual(order.indexOf("type:'mdat'"))
    const { result: long } = await rendered('pal.mp4', 75)
    const keys = await ffprobe('-select_streams', 'v', '-skip_frame', 'nokey', '-show_entries', 'frame=best_effort_timestamp_time', '-of', 'csv=p=0', long.proxy?.path ?? '')
    expect(keys.split('\n').filter(Boolean).map(Number.parseFloat)).toEqual(expect.arrayContaining([0, 2]))
  })

  test('keeps sound in step with the picture when either begins later', async () => {
    const beep = ['-f', 'lavfi', '-i', `aevalsrc='if(gte(t,1),sin(2*PI*880*t),0)':s=48000:d=2`]
    await ffmpeg(...pictured('25'), ...beep, ...x264, ...sound, folder.path('beep.mp4'))
    await ffmpeg('-itsoffset', '0.4', '-i', folder.path('beep.mp4'), '-i', folder.path('beep.mp4'), '-map', '0:v', '-map', '1:a', '-c', 'copy', folder.path('late-picture.mkv'))
    await ffmpeg('-i', folder.path('beep.mp4'), '-itsoffset', '0.4', '-i', folder.path('beep.mp4'), '-map', '0:v', '-map', '1:a', '-c', 'copy', folder.path('late-sound.mp4'))
    for (const [name, begins] of [['beep.mp4', 1], ['late-picture.mkv', 0.6], ['late-sound.mp4', 1.4]] as const) {
      const { result } = await rendered(name, 50)
      for (const path of [result.proxy?.path ?? '', result.audio?.path ?? '']) {
        const samples = await ffmpeg('-i', path, '-vn', '-ac', '1', '-ar', '8000', '-f', 's16le', 'pipe:1')
        const loud = Array.from({ length: samples.length / 2 }, (_, at) => samples.readInt16LE(at * 2)).findIndex((each) => Math.abs(each) > 6000)
        expect(Math.abs(loud / 8000 - begins), `${name} ${path}`).toBeLessThan(0.022)
      }
    }
  })

  test('takes sound for sound, and a cover for no film', async () => {
    const talk = await rendered('talk.m4a', 1)
    expect(talk.probe).toMatchObject({ format: 'm4a', video: null, audio: { codec: 'aac', sampleRate: 48000 }, timecode: null })
    expect(talk.result).toMatchObject({ previews: [], proxy: null })
    expect(talk.result.audio?.durationSeconds).toBeCloseTo(2, 1)
    const song = await engine.probe(folder.path('song.mp3'), signal)
    expect(song).toMatchObject({ format: 'mp3', video: null, audio: { codec: 'mp3' } })
    const cover = await engine.poster({ source: folder.path('song.mp3'), atSeconds: 1, target: out('cover.jpg'), maxSize: 160, signal })
    expect(cover).toMatchObject({ width: 160, height: 90 })
    const noPicture = engine.poster({ source: folder.path('talk.m4a'), atSeconds: 0, target: out('none.jpg'), maxSize: 160, signal })
    await expect(noPicture).rejects.toMatchObject({ name: 'MediaError', message: 'The file holds no picture.' })
  })

  test('seeks to a poster, upright, within its size, and takes the first frame where there is nothing to seek to', async () => {
    const near = await engine.poster({ source: folder.path('rotated.mp4'), atSeconds: 1.5, target: out('near.jpg'), maxSize: 200, signal })
    expect(near).toMatchObject({ width: 113, height: 200 })
    expect(await sharp(near.path).metadata()).toMatchObject({ width: 113, height: 200 })
    const past = await engine.poster({ source: folder.path('pal.mp4'), atSeconds: 3600, target: out('past.jpg'), maxSize: 512, signal })
    expect(await numberIn(past.path)).toBe(0)
    expect(await readdir(folder.path(temp, 'jobs'))).toEqual([])
  })
})

test('says which tools it found, and that the bundled ones are old', async () => {
  const described = await (await bundledEngine()).describe()
  expect(described).toMatchObject({ origin: 'bundled', notes: expect.arrayContaining([expect.stringContaining('2018')]) })
  const missing = createFfmpeg({ ffmpegPath: '/nowhere/ffmpeg', tempDir: folder.path('temp'), slots: 1 })
  await expect(missing.describe()).rejects.toThrow('FFMPEG_PATH could not be run: /nowhere/ffmpeg')
})
