import { open } from 'node:fs/promises'
import type { RenderResult } from '../../ports/media-engine.ts'
import { toMicroseconds } from './seconds.ts'

type Film = NonNullable<RenderResult['film']>

/**
 * Reads what the muxer `framecrc` wrote of every frame (`stream, dts, pts, duration, size, checksum`, after `#tb 0: num/den`):
 * calls back with the time of each in seconds on the film's clock, NaN for a frame that has none.
 */
async function readFrames(path: string, onFrame: (seconds: number) => void) {
  let unit = Number.NaN
  const file = await open(path)
  for await (const line of file.readLines()) {
    const timeBase = /^#tb 0: (\d+)\/(\d+)/.exec(line)
    if (timeBase) unit = Number(timeBase[1]) / Number(timeBase[2])
    const time = /^0,\s*-?\d+,\s*(-?\d+),/.exec(line)?.[1]
    if (time !== undefined) onFrame(time === NO_TIME ? Number.NaN : Number(time) * unit)
  }
}

/** AV_NOPTS_VALUE */
const NO_TIME = String(-(2n ** 63n))

export async function readFrameTimes(path: string): Promise<readonly number[]> {
  const times: number[] = []
  await readFrames(path, (seconds) => times.push(seconds))
  return times
}

/** How many frames were decoded, and when the last one ends. `undefined` for none. */
export async function countFrames(path: string, frameSeconds: number): Promise<Film | undefined> {
  let [frameCount, first, last] = [0, 0, 0]
  await readFrames(path, (seconds) => {
    last = Number.isNaN(seconds) ? last + frameSeconds : seconds
    if (frameCount === 0) first = Math.min(0, last)
    frameCount += 1
  })
  return frameCount === 0 ? undefined : { frameCount, durationSeconds: toMicroseconds(last - first + frameSeconds) }
}
