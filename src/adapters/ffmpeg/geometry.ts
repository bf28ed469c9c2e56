import type { StreamReport } from './report.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Geometry {
  readonly coded: Size
  /** Clockwise: 0, 90, 180 or 270. */
  readonly rotation: number
  /** As shown: after sample aspect and rotation. */
  readonly display: Size
}

export function geometryOf(stream: StreamReport): Geometry {
  const coded = { width: stream.width ?? 0, height: stream.height ?? 0 }
  const rotation = rotationOf(stream)
  const aspect = stream.sample_aspect_ratio
  const square = { ...coded, width: aspect ? Math.max(1, Math.round((coded.width * aspect.num) / aspect.den)) : coded.width }
  return { coded, rotation, display: rotation % 180 === 0 ? square : { width: square.height, height: square.width } }
}

/** ffprobe gives the display matrix counter-clockwise, the older `rotate` tag is clockwise. */
function rotationOf({ side_data_list, tags }: StreamReport): number {
  const matrix = side_data_list.find((each) => each.rotation !== undefined)?.rotation
  const clockwise = matrix === undefined ? Number(tags['rotate'] ?? 0) : -matrix
  const quarters = Number.isFinite(clockwise) ? Math.round(clockwise / 90) : 0
  return (((quarters % 4) + 4) % 4) * 90
}

interface Bounds {
  readonly longer: number
  readonly shorter?: number
  /** Encoders that halve the chroma want even sides. */
  readonly even?: boolean
}

/** The largest size within the bounds in the same proportions, never larger than it is. */
export function fit({ width, height }: Size, { longer, shorter = longer, even = false }: Bounds): Size {
  const scale = Math.min(1, longer / Math.max(width, height), shorter / Math.min(width, height))
  const side = (length: number) => (even ? Math.max(2, 2 * Math.floor(Math.round(length * scale) / 2)) : Math.max(1, Math.round(length * scale)))
  return { width: side(width), height: side(height) }
}
