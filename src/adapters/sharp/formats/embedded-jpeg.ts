import { type Bytes, damaged, writePieces } from './bytes.ts'

/** A JPEG that lies within a file. */
export interface EmbeddedJpeg {
  readonly offset: number
  readonly length: number
  readonly width: number
  readonly height: number
}

interface Segment {
  readonly marker: number
  /** Of the marker itself. */
  readonly at: number
  readonly end: number
}

/** Before the frame header stand profiles and thumbnails, which are some hundred kilobytes at most. */
const BEGINNING = 512 * 1024
const MOST_SEGMENTS = 1000
const PIECE = 1024 ** 2
const MOST_BYTES = 96 * 1024 ** 2
/** Baseline, extended, progressive. Raw data are lossless JPEG (0xc3), which is no picture to look at. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2])
const START_OF_SCAN = 0xda

/** Null where no picture of this kind lies there, whole. */
export async function jpegAt(bytes: Bytes, offset: number, length: number): Promise<EmbeddedJpeg | null> {
  if (length < 100 || length > MOST_BYTES || offset + length > bytes.size) return null
  const beginning = await bytes.read(offset, Math.min(length, BEGINNING))
  const frame = segmentsOf(beginning)?.find(({ marker }) => FRAMES.has(marker))
  if (!frame || frame.end > beginning.length || beginning.readUInt8(frame.at + 4) !== 8) return null
  const [height, width] = [beginning.readUInt16BE(frame.at + 5), beginning.readUInt16BE(frame.at + 7)]
  return width > 0 && height > 0 ? { offset, length, width, height } : null
}

/** Its bytes in pieces, turned as is said here; what it says itself of how it is turned counts where nothing is said (null). */
async function* upright(bytes: Bytes, { offset, length }: EmbeddedJpeg, orientation: number | null): AsyncGenerator<Buffer> {
  let from = 0
  if (orientation !== null) {
    const beginning = await bytes.read(offset, Math.min(length, BEGINNING))
    yield Buffer.concat([beginning.subarray(0, 2), exifOf(orientation)])
    from = 2
    for (const { marker, at, end } of segmentsOf(beginning) ?? []) {
      if (marker !== 0xe1 || beginning.toString('latin1', at + 4, at + 8) !== 'Exif') continue
      yield beginning.subarray(from, at)
      from = end
    }
  }
  for (; from < length; from += PIECE) yield await bytes.read(offset + from, Math.min(PIECE, length - from))
}

interface Copy {
  readonly path: string
  readonly orientation: number | null
  readonly signal: AbortSignal
}

/** Makes it a file of its own. */
export const writeUpright = (bytes: Bytes, jpeg: EmbeddedJpeg, { path, orientation, signal }: Copy) => writePieces(path, upright(bytes, jpeg, orientation), signal)

export const exifIn = (jpeg: Buffer): Buffer | null => {
  const segment = segmentsOf(jpeg)?.find(({ marker, at, end }) => marker === 0xe1 && end <= jpeg.length && jpeg.toString('latin1', at + 4, at + 8) === 'Exif')
  return segment ? jpeg.subarray(segment.at + 4, segment.end) : null
}

/** Those before the first scan, of a JPEG's beginning. */
function segmentsOf(jpeg: Buffer): readonly Segment[] | null {
  if (jpeg.length < 4 || jpeg.readUInt16BE(0) !== 0xffd8) return null
  const segments: Segment[] = []
  for (let at = 2; at + 10 <= jpeg.length && segments.length < MOST_SEGMENTS; ) {
    if (jpeg[at] !== 0xff) break
    const marker = jpeg.readUInt8(at + 1)
    if (marker === START_OF_SCAN) break
    // Bytes of 0xff may fill up before a marker.
    if (marker === 0xff) {
      at += 1
      continue
    }
    const end = at + 2 + jpeg.readUInt16BE(at + 2)
    segments.push({ marker, at, end })
    at = end
  }
  return segments
}

/** One directory with one tag. */
function exifOf(orientation: number): Buffer {
  const block = Buffer.from('ffe10022457869660000' + '4d4d002a00000008' + '0001' + '011200030000000100000000' + '00000000', 'hex')
  if (block.length !== 36) throw damaged()
  block.writeUInt16BE(orientation, 28)
  return block
}
