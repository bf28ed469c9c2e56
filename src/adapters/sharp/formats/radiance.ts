import { createReadStream } from 'node:fs'
import { setImmediate as aTurn } from 'node:timers/promises'
import type { Pixels } from '../../../ports/image-engine.ts'
import { damaged, incomplete, withBytes } from './bytes.ts'
import { tooLarge } from '../faults.ts'
import { MOST_PIXELS } from '../../picture-limits.ts'

/** What a Radiance file's header says (RGBE, Greg Ward): text up to an empty line, then the order of rows and columns. */
interface Header {
  readonly width: number
  readonly height: number
  /** Rows from the bottom. */
  readonly isUpsideDown: boolean
  readonly isMirrored: boolean
  readonly start: number
}

const MOST_HEADER_BYTES = 64 * 1024
/** Packed as tightly as can be, these are a million pixels: some ten milliseconds. */
const PIECE = 64 * 1024

export const readRadianceHeader = (source: string): Promise<Header> =>
  withBytes(source, async (bytes) => {
    const text = (await bytes.read(0, Math.min(bytes.size, MOST_HEADER_BYTES))).toString('latin1')
    const size = /\n\n([-+])Y (\d{1,6}) ([-+])X (\d{1,6})\n/.exec(text)
    if (!size || /^FORMAT=(?!32-bit_rle_rgbe)/m.test(text.slice(0, size.index))) throw damaged()
    const [width, height] = [Number(size[4]), Number(size[2])]
    if (width * height > MOST_PIXELS) throw tooLarge()
    if (width * height === 0) throw damaged()
    return { width, height, isUpsideDown: size[1] === '+', isMirrored: size[3] === '-', start: size.index + size[0].length }
  })

/** In sRGB, the longer side at most `maxSize`, as the mean of whole blocks of pixels. */
export async function decodeRadiance(source: string, maxSize: number, signal: AbortSignal): Promise<Pixels> {
  const header = await readRadianceHeader(source)
  const step = Math.ceil(Math.max(header.width, header.height) / maxSize)
  const [width, height] = [Math.ceil(header.width / step), Math.ceil(header.height / step)]
  const data = new Uint8Array(width * height * 3)
  const sums = new Float64Array(width * 3)
  let row = 0
  for await (const line of scanlines(source, header, signal)) {
    addLine(sums, line, step)
    row += 1
    if (row % step !== 0 && row < header.height) continue
    const down = Math.ceil(row / step) - 1
    const rows = row - down * step
    for (let x = 0; x < width; x += 1) {
      const count = rows * Math.min(step, header.width - x * step)
      const across = header.isMirrored ? width - 1 - x : x
      const to = ((header.isUpsideDown ? height - 1 - down : down) * width + across) * 3
      for (let channel = 0; channel < 3; channel += 1) data[to + channel] = toSrgb((sums[x * 3 + channel] ?? 0) / count)
    }
    sums.fill(0)
  }
  return { data, width, height }
}

/** Light beyond what a screen shows is bent towards white instead of cut. */
function toSrgb(light: number): number {
  const knee = 0.8
  const shown = light <= knee ? light : knee + (1 - knee) * (1 - Math.exp((knee - light) / (1 - knee)))
  return Math.round(255 * (shown <= 0.0031308 ? 12.92 * shown : 1.055 * shown ** (1 / 2.4) - 0.055))
}

/** What one step of a byte is worth, by the exponent. */
const SCALES = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (exponent - 136))

function addLine(sums: Float64Array, line: Buffer, step: number) {
  for (let from = 0, to = 0; from < line.length; to += 3) {
    const end = Math.min(line.length, from + step * 4)
    let [red, green, blue] = [0, 0, 0]
    for (; from < end; from += 4) {
      const scale = numberAt(SCALES, numberAt(line, from + 3))
      red += numberAt(line, from) * scale
      green += numberAt(line, from + 1) * scale
      blue += numberAt(line, from + 2) * scale
    }
    sums[to] = numberAt(sums, to) + red
    sums[to + 1] = numberAt(sums, to + 1) + green
    sums[to + 2] = numberAt(sums, to + 2) + blue
  }
}

const numberAt = (numbers: Buffer | Float64Array, at: number) => numbers[at] ?? 0

/** Each of four bytes to a pixel. Between two pieces others have their turn, which they would not have by reading alone: the stream reads ahead. */
async function* scanlines(source: string, { width, height, start }: Header, signal: AbortSignal) {
  let held: Buffer = Buffer.alloc(0)
  let left = height
  // A line that is not packed comes in few pieces, whatever its length.
  for await (const chunk of createReadStream(source, { start, highWaterMark: Math.max(PIECE, width * 4), signal })) {
    await aTurn(undefined, { signal })
    held = Buffer.concat([held, chunk as Buffer]) // a byte stream's chunks
    for (let at = 0; ; ) {
      const line = left > 0 ? lineAt(held, at, width) : null
      if (!line) {
        held = held.subarray(at)
        break
      }
      at = line.end
      left -= 1
      yield line.pixels
    }
    if (left === 0) return
    // A line is at most twice its pixels long.
    if (held.length > width * 8 + 2 * 1024 ** 2) throw damaged()
  }
  if (left > 0) throw incomplete()
}

/** Null where the line is not there whole. Newer files pack each channel of a line for itself; the oldest way of packing is not read. */
function lineAt(held: Buffer, start: number, width: number): { readonly pixels: Buffer; readonly end: number } | null {
  if (held.length < start + 4) return null
  const isPacked = width >= 8 && width < 32_768 && held.readUInt16BE(start) === 0x0202 && held.readUInt16BE(start + 2) === width
  const flatEnd = start + width * 4
  if (!isPacked) return held.length < flatEnd ? null : { pixels: held.subarray(start, flatEnd), end: flatEnd }
  const pixels = Buffer.alloc(width * 4)
  let end: number | null = start + 4
  for (let channel = 0; channel < 4 && end !== null; channel += 1) end = unpack(held, end, { pixels, channel, width })
  return end === null ? null : { pixels, end }
}

/** One channel of a line; answers where the next begins, or null where it is not there whole. Above 128 a byte repeats, below there are that many. */
function unpack(held: Buffer, start: number, { pixels, channel, width }: { readonly pixels: Buffer; readonly channel: number; readonly width: number }): number | null {
  let at = start
  for (let x = 0; x < width; ) {
    const count = held[at]
    if (count === undefined) return null
    const [step, length] = count > 128 ? [0, count - 128] : [1, count]
    if (length === 0 || x + length > width) throw damaged()
    const end = at + 1 + (step === 0 ? 1 : length)
    if (end > held.length) return null
    for (let each = 0; each < length; each += 1) pixels[(x + each) * 4 + channel] = held[at + 1 + each * step] ?? 0
    x += length
    at = end
  }
  return at
}
