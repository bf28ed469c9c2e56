import type { Pixels } from '../../../ports/image-engine.ts'
import type { Waveform } from '../../../ports/media-engine.ts'

/** The JSON form of BBC audiowaveform's data format, version 2, which peaks.js and wavesurfer.js read. */
export const waveformJson = ({ sampleRate, samplesPerPoint, peaks }: Waveform): string =>
  JSON.stringify({ version: 2, channels: 1, sample_rate: sampleRate, samples_per_pixel: samplesPerPoint, bits: 8, length: peaks.length / 2, data: [...peaks] })

const WIDTH = 1800
const HEIGHT = 200
/** Seen on white and on black. */
const COLOUR = [0x5b, 0x8d, 0xef, 0xff] as const

/** A picture of it, transparent but for the sound; each column from the lowest to the highest of its stretch, silence as a line. */
export function drawnWaveform({ peaks }: Waveform): Pixels {
  const points = peaks.length / 2
  const data = new Uint8Array(WIDTH * HEIGHT * 4)
  for (let x = 0; x < WIDTH && points > 0; x += 1) {
    const { low, high } = extremes(peaks, Math.floor((x * points) / WIDTH), Math.ceil(((x + 1) * points) / WIDTH))
    for (let y = rowOf(high); y <= rowOf(low); y += 1) data.set(COLOUR, (y * WIDTH + x) * 4)
  }
  return { data, width: WIDTH, height: HEIGHT }
}

const rowOf = (value: number) => Math.min(HEIGHT - 1, Math.round(((127 - value) / 255) * (HEIGHT - 1)))

function extremes(peaks: Int8Array, from: number, to: number) {
  let [low, high] = [127, -128]
  for (let at = from; at < to; at += 1) {
    low = Math.min(low, peaks[2 * at] ?? 0)
    high = Math.max(high, peaks[2 * at + 1] ?? 0)
  }
  return { low, high }
}
