import { open } from 'node:fs/promises'
import type { RenderResult } from '../../ports/media-engine.ts'

type Film = NonNullable<RenderResult['film']>

/**
 * Reads what the muxer `framecrc` wrote of every frame (`stream, dts, pts, duration, size, checksum`, after `#tb 0: num/den`):
 * how many were decoded, and when the last one ends. `undefined` for none.
 */
export async function readFrameLog(path: string, frameSeconds: number): Promise<Film | undefined> {
  let [frameCount, first, last, unit] = [0, 0, 0, 0]
  const file = await open(path)
  for await (const line of file.readLines()) {
    const timeBase = /^#tb 0: (\d+)\/(\d+)/.exec(line)
    if (timeBase) unit = Number(timeBase[1]) / Number(timeBase[2])
    const frame = /^0,\s*-?\d+,\s*(-?\d+),/.exec(line)
    if (!frame) continue
    last = Number(frame[1])
    if (frameCount === 0) first = last
    frameCount += 1
  }
  if (frameCount === 0) return undefined
  return { frameCount, durationSeconds: Math.round(((last - first) * unit + frameSeconds) * 1_000_000) / 1_000_000 }
}
