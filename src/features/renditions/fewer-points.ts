import type { Waveform } from './renditions.schemas.ts'

/**
 * The same sound in at most so many points. A point stays a whole number of samples, so that its time is true to the end: there may be some fewer than were
 * asked for. Each old point counts for the new one that it begins in.
 */
export function inFewerPoints(whole: Waveform, points: number): Waveform {
  const { samples_per_pixel: before, length, data } = whole
  const samples = Math.ceil((length * before) / points)
  if (samples <= before) return whole
  const newPoint = (old: number) => Math.floor((old * before) / samples)
  const peaks: number[] = []
  for (let old = 0; old < length; old += 1) {
    const at = 2 * newPoint(old)
    const [low = 0, high = 0] = [data[2 * old], data[2 * old + 1]]
    peaks[at] = Math.min(peaks[at] ?? low, low)
    peaks[at + 1] = Math.max(peaks[at + 1] ?? high, high)
  }
  return { ...whole, samples_per_pixel: samples, length: peaks.length / 2, data: peaks }
}
