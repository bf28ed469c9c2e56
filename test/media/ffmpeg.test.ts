import { readdir } from 'node:fs/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import type { MediaEngine, Probe, RenderResult } from '../../src/ports/media-engine.ts'
import { ffmpeg, ffprobe, mediaFolder, noise, numbered, numberIn, x264 } from '../support/films.ts'
import { bundledEngine, ENGINES } from '../support/media-engines.ts'

const { signal } = new AbortController()
// Each test starts some dozen processes, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 })

const folder = mediaFolder('media')
afterAll(folder.remove)

const sound = ['-c:a', 'aac', '-b:a', '96k']
const pictured = (rate: string, seconds = 2) => ['-f', 'lavfi', '-i', numbered(rate, seconds)]
const heard = (seconds = 2) => ['-f', 'lavfi', '-i', noise(seconds)]

beforeAll(async () => {
  await Promise.all([
    ffmpeg(...pictured('25', 3), ...heard(3), ...x264, ...sound, folder.path('pal.mp4')),
    ffmpeg(...pictured('30000/1001'), ...heard(), ...x264, '-c:a', 'pcm_s16le', '-timecode', '01:00:00;00', folder.path('drop-frame.mov')),
    ffmpeg(...heard(2), '-c:a', 'aac', folder.path('talk.m4a')),
    ffmpeg(...heard(2), ...pictured('1', 1), '-c:a', 'libmp3lame', '-c:v', 'mjpeg', '-map', '0', '-map', '1', '-disposition:v', 'attached_pic', '-id3v2_version', '3', folder.path('song.mp3')),
  ])
  // The build of 2018 writes this tag the other way round into the file.
  await ffmpeg('-i', folder.path('pal.mp4'), '-c', 'copy', '-metadata:s:v:0', 'rotate=270', folder.path('rotated.mp4'))
}, 60_000)

describe.each(ENGINES)('with $tool', ({ tool, engine: create }) => {
  let engine: MediaEngine
  beforeAll(async () => {
    engine = await create(folder.path('temp', tool))
  })
  const out = (...parts: readonly string[]) => folder.path('out', tool, ...parts)

  async function rendered(name: string, everyFrames: number): Promise<{ probe: Probe; result: RenderResult }> {
    const source = folder.path(name)
    const probe = await engine.probe(source, signal)
    const result = await engine.render({
      source, probe, signal,
      ...(probe.video && { previews: { directory: out(name, 'previews'), everyFrames, maxSize: 512 }, proxy: { path: out(name, 'proxy.mp4') } }),
      ...(probe.audio && { audio: { path: out(name, 'sound.m4a') } }),
    }) // prettier-ignore
    return { probe, result }
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

  test('finds the poster’s time in a film that begins after its sound', async () => {
    await ffmpeg('-itsoffset', '3', '-i', folder.path('pal.mp4'), ...heard(6), '-map', '0:v', '-map', '1:a', '-c:v', 'copy', '-c:a', 'flac', folder.path('late-film.mkv'))
    const poster = await engine.poster({ source: folder.path('late-film.mkv'), atSeconds: 1, target: out('late.jpg'), maxSize: 320, signal })
    expect(await numberIn(poster.path)).toBe(25)
  })

  test('seeks to a poster, upright, within its size, and takes the first frame where there is nothing to seek to', async () => {
    const near = await engine.poster({ source: folder.path('rotated.mp4'), atSeconds: 1.5, target: out('near.jpg'), maxSize: 200, signal })
    expect(near).toMatchObject({ width: 113, height: 200 })
    expect(await sharp(near.path).metadata()).toMatchObject({ width: 113, height: 200 })
    const past = await engine.poster({ source: folder.path('pal.mp4'), atSeconds: 3600, target: out('past.jpg'), maxSize: 512, signal })
    expect(await numberIn(past.path)).toBe(0)
    expect(await readdir(folder.path('temp', tool, 'jobs'))).toEqual([])
  })
})

test('says which tools it found, and that the bundled ones are old', async () => {
  const described = await (await bundledEngine(folder.path('temp'))).describe()
  expect(described).toMatchObject({ origin: 'bundled', notes: expect.arrayContaining([expect.stringContaining('2018')]) })
  const missing = createFfmpeg({ ffmpegPath: '/nowhere/ffmpeg', tempDir: folder.path('temp'), slots: 1 })
  await expect(missing.describe()).rejects.toThrow('FFMPEG_PATH could not be run: /nowhere/ffmpeg')
})
