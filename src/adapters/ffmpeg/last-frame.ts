import { open, type FileHandle } from 'node:fs/promises'

/** A `moov` of ten hours of film has some tens of megabytes. */
const LARGEST_INDEX = 256 * 1024 ** 2

interface Box {
  readonly type: string
  /** Of the content, within the buffer. */
  readonly start: number
  readonly end: number
}

/**
 * When frame times are kept as they are, ffmpeg of 2018 gives the last frame of an MP4 one tick of the encoder's clock, and the film is a frame short.
 * Writes `frameSeconds` into the index instead.
 * Leaves a file alone that is right already. ISO/IEC 14496-12: stts, mdhd, tkhd, elst, mvhd.
 */
export async function giveLastFrameItsDuration(path: string, frameSeconds: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const index = await findIndex(file)
    if (!index) return
    const { bytes, position } = index
    if (mend(bytes, frameSeconds)) await file.write(bytes, 0, bytes.length, position)
  } finally {
    await file.close()
  }
}

async function findIndex(file: FileHandle): Promise<{ bytes: Buffer; position: number } | undefined> {
  const { size } = await file.stat()
  const head = Buffer.alloc(16)
  for (let position = 0; position + 8 <= size; ) {
    await file.read(head, 0, 16, position)
    const short = head.readUInt32BE(0)
    const length = short === 1 ? Number(head.readBigUInt64BE(8)) : short === 0 ? size - position : short
    if (length < 8) return undefined
    if (head.toString('latin1', 4, 8) === 'moov' && length <= LARGEST_INDEX) {
      const bytes = Buffer.alloc(length - 8)
      await file.read(bytes, 0, bytes.length, position + 8)
      return { bytes, position: position + 8 }
    }
    position += length
  }
  return undefined
}

/** Answers whether anything was changed. */
function mend(moov: Buffer, frameSeconds: number): boolean {
  const whole: Box = { type: 'moov', start: 0, end: moov.length }
  const film = boxes(moov, whole).filter((box) => box.type === 'trak').find((track) => handlerOf(moov, track) === 'vide')
  const times = film && find(moov, film, ['mdia', 'minf', 'stbl', 'stts'])
  const media = film && find(moov, film, ['mdia', 'mdhd'])
  const track = film && find(moov, film, ['tkhd'])
  const movie = find(moov, whole, ['mvhd'])
  if (!times || !media || !track || !movie) return false
  const timescale = timescaleOf(moov, media)
  const ticks = lengthenLast(moov, times, Math.round(frameSeconds * timescale))
  if (ticks === 0) return false

  const inMovie = Math.round((ticks * timescaleOf(moov, movie)) / timescale)
  lengthen(moov, durationIn(moov, media, 16), ticks)
  const trackDuration = durationIn(moov, track, 20)
  lengthen(moov, trackDuration, inMovie)
  lengthen(moov, lastEdit(moov, find(moov, film, ['edts', 'elst'])), inMovie)
  const movieDuration = durationIn(moov, movie, 16)
  lengthen(moov, movieDuration, Math.max(0, read(moov, trackDuration) - read(moov, movieDuration)))
  return true
}

/** A length in the index: of 32 bits, or of 64 in a box of version 1, whose two dates before it are longer too. */
interface Field {
  readonly at: number
  readonly isLong: boolean
}

const isLong = (moov: Buffer, box: Box) => moov[box.start] === 1
const timescaleOf = (moov: Buffer, header: Box) => moov.readUInt32BE(header.start + (isLong(moov, header) ? 20 : 12))
const durationIn = (moov: Buffer, header: Box, at: number): Field => ({ at: header.start + at + (isLong(moov, header) ? 8 : 0), isLong: isLong(moov, header) })

function lastEdit(moov: Buffer, edits: Box | undefined): Field | undefined {
  const count = edits ? moov.readUInt32BE(edits.start + 4) : 0
  return edits && count > 0 ? { at: edits.start + 8 + (count - 1) * (isLong(moov, edits) ? 20 : 12), isLong: isLong(moov, edits) } : undefined
}

const read = (moov: Buffer, field: Field) => (field.isLong ? Number(moov.readBigUInt64BE(field.at)) : moov.readUInt32BE(field.at))

function lengthen(moov: Buffer, field: Field | undefined, by: number) {
  if (!field) return
  if (field.isLong) moov.writeBigUInt64BE(moov.readBigUInt64BE(field.at) + BigInt(by), field.at)
  else moov.writeUInt32BE(moov.readUInt32BE(field.at) + by, field.at)
}

/** The ticks that the last sample got more; 0 when it had enough. */
function lengthenLast(moov: Buffer, times: Box, ticks: number): number {
  const count = moov.readUInt32BE(times.start + 4)
  const last = times.start + 8 + (count - 1) * 8
  if (count === 0 || moov.readUInt32BE(last) !== 1) return 0
  const has = moov.readUInt32BE(last + 4)
  if (has >= ticks / 2) return 0
  moov.writeUInt32BE(ticks, last + 4)
  return ticks - has
}

function handlerOf(moov: Buffer, track: Box): string {
  const handler = find(moov, track, ['mdia', 'hdlr'])
  return handler ? moov.toString('latin1', handler.start + 8, handler.start + 12) : ''
}

function find(moov: Buffer, within: Box, [type, ...deeper]: readonly string[]): Box | undefined {
  const found = boxes(moov, within).find((box) => box.type === type)
  return found && deeper.length > 0 ? find(moov, found, deeper) : found
}

function boxes(moov: Buffer, { start, end }: Box): readonly Box[] {
  const found: Box[] = []
  for (let at = start; at + 8 <= end; ) {
    const length = moov.readUInt32BE(at)
    if (length < 8 || at + length > end) break
    found.push({ type: moov.toString('latin1', at + 4, at + 8), start: at + 8, end: at + length })
    at += length
  }
  return found
}
