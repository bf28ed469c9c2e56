import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { paletteOf } from '../../src/features/ingest/rendering/palette.ts'
import { mostTelling } from '../../src/features/ingest/rendering/poster-choice.ts'
import { framesBetweenPreviews, framesBetweenTiles, isFarFrom, mostPreviews, mostTiles } from '../../src/features/ingest/rendering/spacing.ts'
import { drawnWaveform, waveformJson } from '../../src/features/ingest/rendering/waveform.ts'
import type { Pixels } from '../../src/ports/image-engine.ts'
import { aProbe } from '../support/a-probe.ts'

type Rgb = readonly [number, number, number]
const picture = (...colours: readonly (readonly [colour: Rgb, count: number])[]): Pixels => {
  const data = Uint8Array.from(colours.flatMap(([colour, count]) => Array.from({ length: count }, () => colour).flat()))
  return { data, width: data.length / 3, height: 1 }
}

describe('a palette', () => {
  const red: Rgb = [200, 30, 30]
  const blue: Rgb = [20, 40, 180]
  const grey: Rgb = [128, 128, 128]

  test('holds the colours of a picture, the most frequent first', () => {
    expect(paletteOf([picture([blue, 500], [red, 300], [grey, 200])])).toEqual([blue, red, grey])
  })

  test('takes shades that look alike for one colour, and details for none', () => {
    expect(paletteOf([picture([[200, 30, 30], 400], [[204, 34, 32], 300], [[196, 28, 30], 297], [[0, 255, 0], 3])]).length).toBe(1)
  })

  test('tells apart what the eye tells apart, though the numbers lie as near as those of two greens', () => {
    expect(paletteOf([picture([[40, 40, 40], 50], [[90, 90, 90], 50])]).length).toBe(2)
    expect(paletteOf([picture([[0, 225, 0], 50], [[30, 255, 30], 50])]).length).toBe(1)
  })

  test('is the same whenever it is asked for, has at most six colours, and none for no picture', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 400 }), (colours) => {
        const pixels = picture(...colours.map((colour) => [colour, 1] as const))
        const palette = paletteOf([pixels])
        expect(palette).toEqual(paletteOf([pixels]))
        expect(palette.length).toBeLessThanOrEqual(6)
        for (const component of palette.flat()) expect(component).toSatisfy((value: number) => Number.isInteger(value) && value >= 0 && value <= 255)
      }),
      { numRuns: 50 },
    )
    expect(paletteOf([])).toEqual([])
  })
})

describe('the picture that stands for a film', () => {
  const flat = (level: number) => picture([[level, level, level], 100])
  const scene = picture([[40, 60, 90], 50], [[180, 160, 140], 50])
  const dark = picture([[4, 4, 4], 50], [[9, 9, 9], 50])

  test('is the first from a tenth on that has something to see', () => {
    expect(mostTelling([scene, scene, scene, scene])).toBe(1)
    expect(mostTelling([scene, flat(0), flat(0), flat(255), scene, scene])).toBe(4)
    expect(mostTelling([scene, flat(0), flat(16)])).toBe(0)
  })

  test('is the one with most to see where all are dark, and the only one where there is one', () => {
    expect(mostTelling([flat(0), flat(0), dark, flat(0)])).toBe(2)
    expect(mostTelling([flat(0)])).toBe(0)
    expect(mostTelling([])).toBe(0)
  })
})

describe('pictures of a film stand', () => {
  const film = (frameCount: number | null, rate = 25) => aProbe({ frameRate: { num: rate, den: 1 }, frameCount })

  test('at even steps: five seconds for previews, one for the scrubber, further apart in long films and nearer in short ones', () => {
    expect(framesBetweenPreviews(film(25 * 60), 25 * 60)).toBe(125)
    expect(framesBetweenPreviews(film(25 * 10), 25 * 10)).toBe(32)
    expect(framesBetweenPreviews(film(25 * 3600), 25 * 3600)).toBe(1500)
    expect(framesBetweenTiles(film(25 * 60), 25 * 60)).toBe(25)
    expect(framesBetweenTiles(film(25 * 3600), 25 * 3600)).toBe(450)
    expect(framesBetweenTiles(film(5), 5)).toBe(1)
  })

  test('at five seconds and one where no length is known', () => {
    expect([framesBetweenPreviews(film(null), null), framesBetweenTiles(film(null), null)]).toEqual([125, 25])
  })

  test('never more of them than there may be, and one at least', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 1, max: 1000 }), (frames, rate) => {
        const [previews, tiles] = [framesBetweenPreviews(film(frames, rate), frames), framesBetweenTiles(film(frames, rate), frames)]
        expect(Math.ceil(frames / previews)).toBeLessThanOrEqual(mostPreviews)
        expect(Math.ceil(frames / tiles)).toBeLessThanOrEqual(mostTiles)
      }),
    )
  })

  test('anew where a header was far from the truth, either way', () => {
    expect([isFarFrom(15_000, 13), isFarFrom(1, 125), isFarFrom(125, 64), isFarFrom(125, 125)]).toEqual([true, true, false, false])
  })
})

describe('a waveform', () => {
  const sound = { sampleRate: 48_000, samplesPerPoint: 960, sampleCount: 2880, peaks: Int8Array.from([-128, 127, -10, 20, 0, 0]) }

  test('is told in the form of audiowaveform, version 2', () => {
    expect(JSON.parse(waveformJson(sound))).toEqual({ version: 2, channels: 1, sample_rate: 48_000, samples_per_pixel: 960, bits: 8, length: 3, data: [-128, 127, -10, 20, 0, 0] })
  })

  test('is drawn from the lowest to the highest of each stretch, silence as a line', () => {
    const { data, width, height } = drawnWaveform(sound)
    const drawn = (x: number) => Array.from({ length: height }, (_, y) => data[(y * width + x) * 4 + 3] ?? 0).filter((alpha) => alpha > 0).length
    expect([drawn(0), drawn(width - 1)]).toEqual([height, 1])
    expect(drawn(width / 2)).toBeGreaterThan(15)
    expect(drawn(width / 2)).toBeLessThan(30)
    expect(drawnWaveform({ ...sound, peaks: new Int8Array() }).data.every((each) => each === 0)).toBe(true)
  })
})
