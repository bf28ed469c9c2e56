import { setMaxListeners } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { MediaError } from '../../src/ports/media-engine.ts'
import { damage, isPlainReason, isStillPicture, makeWholeFiles } from '../fuzz/damage.ts'
import { randomFrom } from '../kill/killed-server.ts'
import { ffmpeg, mediaFolder, noise, numbered, x264 } from '../support/films.ts'
import { watchChildren } from '../support/peak-memory.ts'
import { greyOfZeros } from '../support/png.ts'

vi.setConfig({ testTimeout: 60_000 })

const MOST_MB = 512

const folder = mediaFolder('damaged')
const temp = folder.path('temp', '.')
const media = createFfmpeg({ tempDir: temp, slots: 2 })
const images = createSharp({ stills: media.stills })
const { signal } = new AbortController()
setMaxListeners(0, signal) // many wait for a slot at once
let watch: ReturnType<typeof watchChildren>
beforeAll(() => {
  watch = watchChildren()
})
afterAll(() => {
  expect(watch.running()).toBe(0)
  expect(watch.stop().childMb).toBeLessThan(MOST_MB)
  folder.remove()
})

/** Looked at and rendered as a job would; answers the reason why not. Whatever is no fault of the file fails. */
async function reasonOf(path: string): Promise<string | undefined> {
  const out = folder.path('out', `${path.split('/').at(-1)}`)
  try {
    if (isStillPicture(path)) {
      await images.read(path)
      await images.rendition({ source: path, target: `${out}.jpg`, maxSize: 512, signal })
      return undefined
    }
    const probe = await media.probe(path, signal)
    if (probe.video) await media.poster({ source: path, atSeconds: 0.1, target: `${out}/poster.jpg`, maxSize: 512, signal })
    await media.render({
      source: path,
      probe,
      ...(probe.video && { previews: { directory: `${out}/previews`, everyFrames: 10, maxSize: 512 }, proxy: { path: `${out}/proxy.mp4` } }),
      ...(probe.audio && { audio: { path: `${out}/audio.m4a` } }),
      signal,
    })
    return undefined
  } catch (error) {
    if (error instanceof MediaError) return error.message
    throw error
  }
}
const underWay = () => readdirSync(temp, { recursive: true }).filter((name) => name !== 'jobs')

test('reads what it can of files that are damaged at random, says in plain words of the others why not, and leaves nothing behind', async () => {
  const whole = await makeWholeFiles(folder.path('whole'))
  const stills = whole.filter(isStillPicture)
  const files = [...damage(whole, { folder: folder.path('files'), count: whole.length, random: randomFrom(5) }), ...damage(stills, { folder: folder.path('stills'), count: 40, random: randomFrom(6) })]
  const reasons = await Promise.all(files.map(({ path }) => reasonOf(path)))
  for (const reason of reasons) if (reason !== undefined) expect(reason).toSatisfy(isPlainReason)
  expect(reasons.filter(Boolean).length).toBeGreaterThan(1)
  expect(reasons.filter((each) => each === undefined).length).toBeGreaterThan(1)
  expect(underWay()).toEqual([])
  expect(await Promise.all(whole.map(reasonOf))).toEqual(whole.map(() => undefined))
})

/** Writes `value` into a box of the index: at so many bytes behind its name. */
function patched(from: string, to: string, changes: readonly (readonly [box: string, at: number, value: number])[]) {
  const film = readFileSync(from)
  for (const [box, at, value] of changes) film.writeUInt32BE(value, film.indexOf(box) + 4 + at)
  writeFileSync(to, film)
  return to
}

describe('odd films', () => {
  let film: string
  beforeAll(async () => {
    film = folder.path('film.mp4')
    await ffmpeg('-f', 'lavfi', '-i', numbered('25', 2), '-f', 'lavfi', '-i', noise(2), ...x264, '-c:a', 'aac', film)
  })

  test('take no longer for a header that speaks of ten hours', async () => {
    const hours = 10 * 3600
    const mp4 = readFileSync(film)
    const scale = (box: string) => mp4.readUInt32BE(mp4.indexOf(box) + 4 + 12)
    const lying = patched(film, folder.path('lying.mp4'), [
      ['mvhd', 16, hours * scale('mvhd')],
      ['tkhd', 20, hours * scale('mvhd')],
      ['mdhd', 16, hours * scale('mdhd')],
    ])
    expect(await reasonOf(lying)).toBeUndefined()

    const mkv = folder.path('lying.mkv')
    await ffmpeg('-i', film, '-c', 'copy', mkv)
    const bytes = readFileSync(mkv)
    const duration = bytes.indexOf(Buffer.from('4489', 'hex')) // Duration, a float of 4 or 8 bytes in milliseconds
    if (bytes[duration + 2] === 0x88) bytes.writeDoubleBE(hours * 1000, duration + 3)
    else bytes.writeFloatBE(hours * 1000, duration + 3)
    writeFileSync(mkv, bytes)
    expect(await reasonOf(mkv)).toBeUndefined()
  })

  test('of 16k × 16k by their header, and in truth as pictures', async () => {
    const large = patched(film, folder.path('large.mp4'), [
      ['tkhd', 76, 16_384 * 65_536],
      ['tkhd', 80, 16_384 * 65_536],
      ['avc1', 24, (16_384 << 16) | 16_384],
    ])
    const reason = await reasonOf(large)
    if (reason !== undefined) expect(reason).toSatisfy(isPlainReason)
    const [allowed, refused] = [folder.path('large.jpg'), folder.path('larger.png')]
    await sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: '#345' } }).jpeg().toFile(allowed)
    writeFileSync(refused, await greyOfZeros({ width: 16_384, height: 16_384 }))
    expect(await reasonOf(allowed)).toBeUndefined()
    expect(await reasonOf(refused)).toMatch(/^The picture is larger than allowed/)
  })

  test('of 1,000 frames in a second, or with eight sound tracks', async () => {
    const fast = folder.path('fast.mp4')
    await ffmpeg('-f', 'lavfi', '-i', numbered('1000', 1), ...x264, fast)
    expect(await reasonOf(fast)).toBeUndefined()
    const tracks = folder.path('tracks.mov')
    await ffmpeg('-i', film, ...Array.from({ length: 8 }, (_, at) => ['-map', '0:a', `-filter:a:${at}`, `volume=${at / 8}`]).flat(), '-map', '0:v', '-c:v', 'copy', '-c:a', 'pcm_s16le', tracks)
    expect((await media.probe(tracks, signal)).audio).not.toBeNull()
    expect(await reasonOf(tracks)).toBeUndefined()
  })

  test('that are empty or cut are refused in plain words', async () => {
    const bytes = readFileSync(film)
    for (const length of [0, 1, 20, Math.round(bytes.length / 2)]) {
      const path = folder.path(`cut-${length}.mp4`)
      writeFileSync(path, bytes.subarray(0, length))
      expect(await reasonOf(path)).toSatisfy(isPlainReason)
    }
    expect(readdirSync(join(temp, 'jobs'))).toEqual([])
  })
})
