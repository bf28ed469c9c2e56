import type { RenderOrder, Waveform } from '../../ports/media-engine.ts'

/** What the samples come as: 16 bit, left and right in turns, at the rate of the proxies' sound, from which they are taken. */
export const WAVEFORM_RATE = 48_000
const CHANNELS = 2

export interface PeakReader {
  readonly push: (chunk: Uint8Array) => void
  /** How many samples of each channel came. */
  readonly count: () => number
  readonly finish: () => Waveform
}

/**
 * Lowest and highest sample of each stretch, as audiowaveform of the BBC writes them in 8 bits (github.com/bbc/audiowaveform, doc/DataFormat.md).
 * Lengths in headers lie, so none is asked: when there are too many points, each two become one. Memory stays that of `mostPoints`.
 */
export function peakReader({ mostPoints, mostPerSecond }: NonNullable<RenderOrder['waveform']>): PeakReader {
  const capacity = Math.max(2, mostPoints - (mostPoints % 2))
  const peaks = new Int16Array(capacity * 2)
  let samplesPerPoint = Math.max(1, Math.ceil(WAVEFORM_RATE / mostPerSecond))
  let [points, inPoint, low, high, samples] = [0, 0, 0, 0, 0]
  let half: number | undefined

  const close = () => {
    peaks[points * 2] = low
    peaks[points * 2 + 1] = high
    points += 1
    inPoint = 0
  }
  const take = (sample: number) => {
    if (inPoint === 0) {
      if (points === capacity) {
        points = halve(peaks)
        samplesPerPoint *= 2
      }
      low = high = sample
    } else if (sample < low) low = sample
    else if (sample > high) high = sample
    inPoint += 1
    if (inPoint === samplesPerPoint * CHANNELS) close()
  }
  return {
    push(chunk) {
      let at = 0
      // Pipes cut where they like, also within a sample.
      if (half !== undefined && chunk.length > 0) {
        take((((chunk[0] ?? 0) << 24) >> 16) | half)
        half = undefined
        at = 1
      }
      const end = chunk.length - ((chunk.length - at) % 2)
      samples += (end - at) / 2 + at
      for (; at < end; at += 2) take((((chunk[at + 1] ?? 0) << 24) >> 16) | (chunk[at] ?? 0))
      if (end < chunk.length) half = chunk[end]
    },
    count: () => samples / CHANNELS,
    finish() {
      if (inPoint > 0) close()
      return { sampleRate: WAVEFORM_RATE, sampleCount: samples / CHANNELS, samplesPerPoint, peaks: Int8Array.from(peaks.subarray(0, points * 2), (peak) => Math.trunc(peak / 256)) }
    },
  }
}

/** Two points become one; answers how many are left. */
function halve(peaks: Int16Array): number {
  const left = peaks.length / 4
  for (let at = 0; at < left; at += 1) {
    peaks[at * 2] = Math.min(peaks[at * 4] ?? 0, peaks[at * 4 + 2] ?? 0)
    peaks[at * 2 + 1] = Math.max(peaks[at * 4 + 1] ?? 0, peaks[at * 4 + 3] ?? 0)
  }
  return left
}
