import { open, readdir } from 'node:fs/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { peakReader } from '../../src/adapters/ffmpeg/waveform.ts'
import type { MediaEngine, RenderOrder } from '../../src/ports/media-engine.ts'
import { ffmpeg, ffprobe, frameTimes, mediaFolder, noise, numbered, numberIn, numbersIn, x264 } from '../support/films.ts'
import { ENGINES } from '../support/media-engines.ts'

const { signal } = new AbortController()
vi.setConfig({ testTimeout: 30_000 })

const folder = mediaFolder('render')
afterAll(folder.remove)

const sound = ['-c:a', 'aac', '-b:a', '96k']
const pictured = (rate: string, seconds = 2) => ['-f', 'lavfi', '-i', numbered(rate, seconds)]

/** Six patches in sRGB, and what BT.709 makes of them in 8 bits (Y, Cb, Cr). Diffuse white is pressed down, to leave room for what is brighter. */
const PATCHES = ['0x202020', '0x808080', '0xBF4040', '0x40BF40', '0x4040BF', '0xFFFFFF']
const EXPECTED = [[43, 128, 128], [126, 128, 128], [94, 115, 184], [149, 85, 77], [79, 184, 123], [212, 128, 128]] // prettier-ignore
/** As sRGB shows them, in full range. */
const IN_PICTURES = [[32, 32, 32], [128, 128, 128], [191, 64, 64], [64, 191, 64], [64, 64, 191], [228, 228, 228]] // prettier-ignore

/** A film in which light of 203 nits stands for the white of BT.709. */
function patched(name: string, { primaries, transfer, matrix }: { readonly primaries: string; readonly transfer: string; readonly matrix: string }) {
  const patches = PATCHES.map((color, at) => `color=c=${color}:s=64x64:r=25:d=0.4[p${at}]`).join(';')
  const row = `${PATCHES.map((_, at) => `[p${at}]`).join('')}hstack=${PATCHES.length},format=gbrp`
  const coded = `zscale=min=gbr:pin=bt709:tin=bt709:rin=full:npl=203:p=${primaries}:t=${transfer}:m=${matrix}:r=limited,format=yuv420p10le`
  const params = `log-level=error:crf=4:colorprim=${primaries}:transfer=${transfer}:colormatrix=${matrix}`
  return ffmpeg('-f', 'lavfi', '-i', `${patches};${row},${coded}`, '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', params, '-tag:v', 'hvc1', folder.path(name))
}

const WIDE = [
  { name: 'pq.mp4', primaries: 'bt2020', transfer: 'smpte2084', matrix: 'bt2020nc', white: 212 },
  { name: 'hlg.mp4', primaries: 'bt2020', transfer: 'arib-std-b67', matrix: 'bt2020nc', white: 212 },
  { name: 'bt2020.mp4', primaries: 'bt2020', transfer: 'bt2020-10', matrix: 'bt2020nc', white: 235 },
  { name: 'p3.mp4', primaries: 'smpte432', transfer: 'bt709', matrix: 'bt709', white: 235 },
] as const

beforeAll(async () => {
  const pulse = `aevalsrc='if(between(t,1,1.5),0.5*sin(2*PI*440*t),0)|0':s=48000:d=2`
  await Promise.all([
    ...WIDE.map((each) => patched(each.name, each)),
    ffmpeg(...pictured('25', 4), '-f', 'lavfi', '-i', noise(4), ...x264, '-g', '25', ...sound, folder.path('film.mp4')),
    ffmpeg(...pictured('25'), '-f', 'lavfi', '-i', pulse, ...x264, '-c:a', 'pcm_s16le', folder.path('pulse.mov')),
  ])
  await ffmpeg('-i', folder.path('film.mp4'), '-c', 'copy', '-an', folder.path('no-count.mkv'))
  await damage('film.mp4', 'dead-sound.mp4', { kind: 'a', share: 1 })
  await damage('film.mp4', 'dead-beginning.mp4', { kind: 'v', share: 0.3 })
}, 60_000)

/** Overwrites the packets of one stream, from the first on, and leaves the index whole. */
async function damage(from: string, to: string, { kind, share }: { readonly kind: 'a' | 'v'; readonly share: number }) {
  await ffmpeg('-i', folder.path(from), '-c', 'copy', folder.path(to))
  const csv = await ffprobe('-select_streams', kind, '-show_entries', 'packet=pos,size', '-of', 'csv=p=0', folder.path(to))
  const packets = csv.split('\n').filter(Boolean).map((line) => line.split(',').map(Number)).sort(([, a = 0], [, b = 0]) => a - b) // prettier-ignore
  const file = await open(folder.path(to), 'r+')
  for (const [size = 0, position = 0] of packets.slice(0, Math.ceil(packets.length * share))) await file.write(Buffer.alloc(size, 0xff), 0, size, position)
  await file.close()
}

describe.each(ENGINES)('with $tool', ({ tool, engine: create }) => {
  let engine: MediaEngine
  beforeAll(async () => {
    engine = await create(folder.path('temp', tool))
  })
  const out = (...parts: readonly string[]) => folder.path('out', tool, ...parts)
  const render = async (name: string, order: Partial<RenderOrder>) => {
    const source = folder.path(name)
    return engine.render({ source, probe: await engine.probe(source, signal), signal, ...order })
  }
  const previews = (name: string) => ({ previews: { directory: out(name), everyFrames: 10, maxSize: 320 } })
  const storyboard = (name: string, everyFrames = 10, mostTiles = 100) => ({ storyboard: { path: out(name, 'sheet.jpg'), everyFrames, maxSize: 160, mostTiles } })
  const waveform = { waveform: { mostPoints: 1000, mostPerSecond: 100 } }

  test('makes each result alone, and counts the frames with each that goes through the film', async () => {
    const film = { frameCount: 100, durationSeconds: 4 }
    const pictures = await render('film.mp4', { ...previews('alone'), ...storyboard('alone') })
    expect(pictures).toMatchObject({ film, proxy: null, audio: null, waveform: null })
    expect(pictures.previews).toHaveLength(10)
    expect(pictures.storyboard).toMatchObject({ columns: 10, tile: { width: 160, height: 90 }, width: 1600, height: 90 })
    expect(await render('film.mp4', storyboard('sheet-alone'))).toMatchObject({ film, previews: [] })
    const progress: number[] = []
    expect(await render('film.mp4', { proxy: { path: out('alone.mp4') }, onProgress: (share) => progress.push(share) })).toMatchObject({ film, proxy: { durationSeconds: 4 } })
    expect(progress.at(-1)).toBe(1)
    const heard = await render('film.mp4', { audio: { path: out('alone.m4a') } })
    expect(heard).toMatchObject({ film: null, proxy: null })
    expect(heard.audio?.durationSeconds).toBeCloseTo(4, 1)
    expect((await render('film.mp4', waveform)).waveform?.peaks.length).toBeGreaterThan(780)
    expect(await readdir(folder.path('temp', tool, 'jobs'))).toEqual([])
  })

  test('a sheet is as large as its tiles need, whether the number of frames was known or not', async () => {
    for (const name of ['film.mp4', 'no-count.mkv']) {
      const whole = (await render(name, storyboard(`whole-${name}`, 4))).storyboard
      expect(whole).toMatchObject({ columns: 10, width: 1600, height: 270 })
      expect(whole?.tiles.map(({ frame }) => frame)).toEqual(Array.from({ length: 25 }, (_, at) => at * 4))
      expect(await sharp(whole?.path).metadata()).toMatchObject({ format: 'jpeg', width: 1600, height: 270 })
      const last = await sharp(whole?.path).extract({ left: 4 * 160, top: 180, width: 160, height: 90 }).png().toBuffer()
      expect(await numberIn(last)).toBe(96)
      expect((await render(name, storyboard(`few-${name}`, 40))).storyboard).toMatchObject({ columns: 3, width: 480, height: 90 })
      expect((await render(name, storyboard(`bounded-${name}`, 1, 15))).storyboard?.tiles).toHaveLength(15)
    }
  })

  test('a waveform shows the louder of two channels, in its place in the film', async () => {
    const result = (await render('pulse.mov', { ...waveform, ...previews('pulse'), proxy: { path: out('pulse.mp4') }, audio: { path: out('pulse.m4a') } })).waveform
    expect(result).toMatchObject({ sampleRate: 48_000, samplesPerPoint: 480 })
    expect(result?.peaks).toHaveLength(400)
    const highs = Array.from({ length: 200 }, (_, at) => result?.peaks[at * 2 + 1] ?? NaN)
    // Half of what there may be, on one channel alone.
    expect(highs.map((high) => (high > 16 ? 1 : 0)).lastIndexOf(1)).toBe(149)
    expect(highs.findIndex((high) => high > 16)).toBe(100)
    expect(Math.max(...highs)).toBeGreaterThanOrEqual(60)
    expect(Math.max(...highs)).toBeLessThanOrEqual(66)
    expect(Math.min(...(result?.peaks ?? []))).toBeLessThanOrEqual(-60)
  })

  test('a waveform of opposite channels is no silence', async () => {
    await ffmpeg('-f', 'lavfi', '-i', 'aevalsrc=0.5*sin(2*PI*440*t)|-0.5*sin(2*PI*440*t):s=48000:d=1', folder.path('opposite.wav'))
    const { waveform: sound } = await render('opposite.wav', waveform)
    expect([Math.min(...(sound?.peaks ?? [])), Math.max(...(sound?.peaks ?? []))].map(Math.abs)).toEqual([expect.closeTo(64, -1), expect.closeTo(64, -1)])
  })

  test('of several tracks of sound the one is heard that the file says is the default', async () => {
    const tones = [300, 900].flatMap((hertz) => ['-f', 'lavfi', '-i', `sine=f=${hertz}:d=2`])
    await ffmpeg(...tones, '-map', '0', '-map', '1', '-c:a', 'flac', '-disposition:a:0', '0', '-disposition:a:1', 'default', folder.path('tracks.mkv'))
    const { audio } = await render('tracks.mkv', { audio: { path: out('tracks.m4a') } })
    const loud = async (hertz: number) => (await ffmpeg('-i', audio?.path ?? '', '-af', `bandpass=f=${hertz}:w=50:width_type=h`, '-f', 's16le', 'pipe:1')).reduce((most, _, at, all) => (at % 2 === 0 ? Math.max(most, Math.abs(all.readInt16LE(at))) : most), 0)
    expect(await loud(900)).toBeGreaterThan(5 * (await loud(300)))
  })

  test('after a gap in time not every frame is a keyframe', async () => {
    await ffmpeg('-f', 'lavfi', '-i', numbered('25', 4), '-vf', 'setpts=PTS+gte(T\\,2)*600/TB', ...x264, folder.path('gap.mkv'))
    const { proxy } = await render('gap.mkv', { proxy: { path: out('gap.mp4') } })
    const keys = (await ffprobe('-select_streams', 'v:0', '-show_entries', 'packet=flags', '-of', 'csv=p=0', proxy?.path ?? '')).split('\n').filter((flags) => flags.startsWith('K'))
    expect(keys.length).toBeLessThanOrEqual(6)
  })

  test('progress is told while the film goes', async () => {
    const shares: number[] = []
    await ffmpeg('-f', 'lavfi', '-i', numbered('25', 40), ...x264, folder.path('longer.mp4'))
    await render('longer.mp4', { ...previews('longer'), ...storyboard('longer'), proxy: { path: out('longer.mp4') }, onProgress: (share) => shares.push(share) })
    expect(shares.filter((share) => share > 0.05 && share < 0.95).length).toBeGreaterThan(0)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(shares.at(-1)).toBe(1)
  })

  test.each(WIDE)('$name comes out in BT.709: within 4 levels of 255 up to the highlights, in proxy, previews, sheet and poster', async ({ name, white }) => {
    const result = await render(name, { ...previews(name), ...storyboard(name), proxy: { path: out(`proxy-${name}`) } })
    const tags = await ffprobe('-show_entries', 'stream=color_space,color_transfer,color_primaries,color_range,pix_fmt', '-of', 'csv=p=0', result.proxy?.path ?? '')
    expect(tags.trim()).toBe('yuv420p,tv,bt709,bt709,bt709')
    const planes = await ffmpeg('-i', result.proxy?.path ?? '', '-frames:v', '1', '-vf', 'format=yuv444p', '-f', 'rawvideo', 'pipe:1')
    const [width, plane] = [64 * PATCHES.length, 64 * 64 * PATCHES.length]
    const shown = PATCHES.map((_, at) => [0, 1, 2].map((component) => planes[component * plane + 32 * width + at * 64 + 32] ?? 0))
    expectNear(shown, [...EXPECTED.slice(0, -1), [white, 128, 128]])

    const poster = await engine.poster({ source: folder.path(name), atSeconds: 0, target: out(`poster-${name}.jpg`), maxSize: 512, signal })
    for (const path of [result.previews[0]?.path, result.storyboard?.path, poster.path]) {
      const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true })
      const [tile, y] = [path === result.storyboard?.path ? { width: 160, height: 26 } : info, 10]
      const seen = PATCHES.map((_, at) => [0, 1, 2].map((channel) => data[(y * info.width + Math.floor(((at + 0.5) * tile.width) / PATCHES.length)) * info.channels + channel] ?? 0))
      expectNear(seen, [...IN_PICTURES.slice(0, -1), white === 235 ? [255, 255, 255] : [228, 228, 228]])
    }
  })

  test('a film whose sound does not decode has previews and a silent proxy; what needs the sound says so', async () => {
    const result = await render('dead-sound.mp4', { ...previews('dead-sound'), proxy: { path: out('dead-sound.mp4') } })
    expect(result).toMatchObject({ film: { frameCount: 100 }, proxy: { width: 320 } })
    await expect(render('dead-sound.mp4', waveform)).rejects.toMatchObject({ name: 'MediaError' })
    await expect(render('dead-sound.mp4', { audio: { path: out('dead.m4a') } })).rejects.toMatchObject({ name: 'MediaError' })
  })

  test('a film whose beginning does not decode shows what does, when the proxy shows it', async () => {
    const pictures = { ...previews('dead-beginning'), ...storyboard('dead-beginning') }
    const result = await render('dead-beginning.mp4', { ...pictures, proxy: { path: out('dead-beginning.mp4') } })
    expect(result.film?.frameCount).toBeGreaterThanOrEqual(50)
    expect(result.previews.length).toBeGreaterThan(4)
    expect(result.audio).toBeNull()
    const times = await frameTimes(result.proxy?.path ?? '')
    expect(times[0]).toBeGreaterThan(0.5)
    const numbers = await numbersIn(result.proxy?.path ?? '')
    for (const { path, frame, timestampSeconds } of result.previews) {
      expect(timestampSeconds).toBeCloseTo(times[frame] ?? NaN, 3)
      expect(await numberIn(path)).toBe(numbers[frame])
    }
    expect(result.storyboard?.tiles).toEqual(result.previews.map(({ frame, timestampSeconds }) => ({ frame, timestampSeconds })))
    expect(result.film?.durationSeconds).toBeCloseTo(4, 2)
    expect((await render('dead-beginning.mp4', pictures)).film).toEqual(result.film)
  })

  test('there are no more previews than were asked for, however much film comes', async () => {
    const bounded = await render('film.mp4', { previews: { ...previews('bounded').previews, most: 3 } })
    expect(bounded.previews.map(({ frame }) => frame)).toEqual([0, 10, 20])
    expect(bounded.film?.frameCount).toBe(100)
  })

  test('ends with its signal while sound flows, and leaves nothing', async () => {
    const stop = new AbortController()
    const source = folder.path('film.mp4')
    const probe = await engine.probe(source, signal)
    const rendering = engine.render({ source, probe, ...waveform, proxy: { path: out('stopped.mp4') }, signal: stop.signal, onProgress: () => stop.abort(new Error('stopped')) })
    await expect(rendering).rejects.toThrow('stopped')
    expect(await readdir(folder.path('temp', tool, 'jobs'))).toEqual([])
  })
})

function expectNear(shown: readonly (readonly number[])[], expected: readonly (readonly number[])[]) {
  for (const [at, patch] of expected.entries()) {
    for (const [component, value] of patch.entries()) expect(Math.abs((shown[at]?.[component] ?? NaN) - value), `patch ${at}: ${shown[at]?.join(', ')} for ${patch.join(', ')}`).toBeLessThanOrEqual(4)
  }
}

describe('peaks', () => {
  /** The same on both channels. */
  const samples = (values: readonly number[]) => Buffer.from(Int16Array.from(values.flatMap((value) => [value, value])).buffer)

  test('are the lowest and highest of each stretch in 8 bits, wherever the chunks are cut', () => {
    const bytes = samples([0, 256, -512, 32_767, -32_768, 255, -255])
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = peakReader({ mostPoints: 10, mostPerSecond: 16_000 })
      reader.push(bytes.subarray(0, cut))
      reader.push(bytes.subarray(cut))
      expect(reader.finish()).toEqual({ sampleRate: 48_000, sampleCount: 7, samplesPerPoint: 3, peaks: Int8Array.of(-2, 1, -128, 127, 0, 0) })
      expect(reader.count()).toBe(7)
    }
  })

  test('are never more than was asked for, however long the sound is, and lose none of its extremes', () => {
    const reader = peakReader({ mostPoints: 100, mostPerSecond: 100 })
    const quiet = samples(Array.from({ length: 4800 }, () => 512))
    for (let part = 0; part < 1000; part += 1) reader.push(part === 700 ? samples([-25_600, 25_600]) : quiet)
    const { sampleCount, samplesPerPoint, peaks } = reader.finish()
    expect(sampleCount).toBe(999 * 4800 + 2)
    expect(samplesPerPoint).toBe(480 * 128)
    expect(peaks.length / 2).toBe(Math.ceil((999 * 4800 + 2) / samplesPerPoint))
    expect([Math.min(...peaks), Math.max(...peaks), peaks[0], peaks[1]]).toEqual([-100, 100, 2, 2])
  })
})
