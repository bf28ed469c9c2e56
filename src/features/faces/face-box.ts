import type { Region } from '../../ports/image-engine.ts'

/** Of the face's own width and height, on each side: hair and chin. */
const margin = 0.25

/** What is cut out to show a face. */
export function withMargin({ x, y, width, height }: Region): Region {
  const along = (start: number, length: number) => {
    const from = Math.max(0, start - length * margin)
    return [from, Math.min(1, start + length * (1 + margin)) - from] as const
  }
  const [left, across] = along(x, width)
  const [top, down] = along(y, height)
  return { x: left, y: top, width: across, height: down }
}

/** What sums of shares go beyond the edge by is cut off. */
export const inPicture = ({ x, y, width, height }: Region): Region => ({ x, y, width: Math.min(width, 1 - x), height: Math.min(height, 1 - y) })

/** Intersection over union: 1 for the same box, 0 for boxes apart. */
export function overlapOf(one: Region, other: Region): number {
  const along = (start: number, length: number, [from, other]: readonly [number, number]) => Math.max(0, Math.min(start + length, from + other) - Math.max(start, from))
  const shared = along(one.x, one.width, [other.x, other.width]) * along(one.y, one.height, [other.y, other.height])
  return shared / (one.width * one.height + other.width * other.height - shared)
}
