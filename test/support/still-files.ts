import { box, u16, u32 } from './heif.ts'

/** A picture as a function of its place: red, green, blue in 0..255. */
export type Look = (x: number, y: number) => readonly [number, number, number]
interface Size {
  readonly width: number
  readonly height: number
}

const every = <T>({ width, height }: Size, make: (x: number, y: number) => T): T[] => Array.from({ length: width * height }, (_, at) => make(at % width, Math.floor(at / width)))
const plane = (size: Size, look: Look, channel: number) => every(size, (x, y) => look(x, y)[channel] ?? 0)

/** IEEE 754 with sixteen bits, of numbers that are not very small. */
function half(value: number): number {
  if (value === 0) return 0
  const exponent = Math.floor(Math.log2(Math.abs(value)))
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024)
}

/** OpenEXR: linear light, not packed. */
export function exrOf(size: Size, isHalf: boolean, light: Look): Buffer {
  const le32 = (...values: readonly number[]) => Buffer.from(Int32Array.from(values).buffer)
  const lef = (...values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer)
  const attribute = (name: string, type: string, value: Buffer) => Buffer.concat([Buffer.from(`${name}\0${type}\0`), le32(value.length), value])
  const channels = Buffer.concat([...['B', 'G', 'R'].map((name) => Buffer.concat([Buffer.from(`${name}\0`), le32(isHalf ? 1 : 2, 0, 1, 1)])), Buffer.alloc(1)])
  const window = le32(0, 0, size.width - 1, size.height - 1)
  const header = Buffer.concat([
    le32(20000630, 2), attribute('channels', 'chlist', channels), attribute('compression', 'compression', Buffer.alloc(1)), attribute('dataWindow', 'box2i', window),
    attribute('displayWindow', 'box2i', window), attribute('lineOrder', 'lineOrder', Buffer.alloc(1)), attribute('pixelAspectRatio', 'float', lef(1)),
    attribute('screenWindowCenter', 'v2f', lef(0, 0)), attribute('screenWindowWidth', 'float', lef(1)), Buffer.alloc(1),
  ]) // prettier-ignore
  const lines = Array.from({ length: size.height }, (_, y) => {
    const values = [2, 1, 0].flatMap((channel) => Array.from({ length: size.width }, (_, x) => light(x, y)[channel] ?? 0))
    const data = isHalf ? Buffer.from(Uint16Array.from(values, half).buffer) : lef(...values)
    return Buffer.concat([le32(y, data.length), data])
  })
  const first = header.length + size.height * 8
  const offsets = lines.map((line, y) => le32(first + y * line.length, 0))
  return Buffer.concat([header, ...offsets, ...lines])
}

/** Radiance: shared exponents, each line packed by channel or not. */
export function hdrOf(size: Size, isPacked: boolean, light: Look): Buffer {
  const rgbe = (x: number, y: number) => {
    const colour = light(x, y)
    const exponent = Math.ceil(Math.log2(Math.max(...colour, 1e-9) * 1.001))
    return [...colour.map((value) => Math.floor((value / 2 ** exponent) * 256)), exponent + 128]
  }
  const lines = Array.from({ length: size.height }, (_, y) => {
    const pixels = Array.from({ length: size.width }, (_, x) => rgbe(x, y))
    if (!isPacked) return Buffer.from(pixels.flat())
    return Buffer.concat([Buffer.from([2, 2]), u16(size.width), ...[0, 1, 2, 3].map((channel) => runs(pixels.map((pixel) => pixel[channel] ?? 0)))])
  })
  return Buffer.concat([Buffer.from(`#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y ${size.height} +X ${size.width}\n`), ...lines])
}

function runs(values: readonly number[]): Buffer {
  const out: number[] = []
  for (let at = 0; at < values.length; ) {
    let length = 1
    while (length < 127 && values[at + length] === values[at]) length += 1
    out.push(...(length > 2 ? [128 + length, values[at] ?? 0] : [1, values[at] ?? 0]))
    at += length > 2 ? length : 1
  }
  return Buffer.from(out)
}

interface Photoshop {
  readonly depth?: 8 | 16
  readonly mode?: 'rgb' | 'cmyk'
  readonly isLarge?: boolean
  readonly profile?: Buffer
  readonly thumbnail?: Buffer
}

/** Without layers; the merged picture not packed. */
export function psdOf(size: Size, look: Look, { depth = 8, mode = 'rgb', isLarge = false, profile, thumbnail }: Photoshop = {}): Buffer {
  const resource = (id: number, data: Buffer) => Buffer.concat([Buffer.from('8BIM'), u16(id), u16(0), u32(data.length), data, Buffer.alloc(data.length % 2)])
  const resources = Buffer.concat([...(profile ? [resource(1039, profile)] : []), ...(thumbnail ? [resource(1036, Buffer.concat([Buffer.alloc(28), thumbnail]))] : [])])
  const channels = mode === 'cmyk' ? 4 : 3
  const header = Buffer.concat([Buffer.from('8BPS'), u16(isLarge ? 2 : 1), Buffer.alloc(6), u16(channels), u32(size.height), u32(size.width), u16(depth), u16(mode === 'cmyk' ? 4 : 3)])
  const planes = Array.from({ length: channels }, (_, channel) => Buffer.concat(plane(size, look, channel).map((value) => (depth === 16 ? u16(value * 257) : Buffer.from([value])))))
  return Buffer.concat([header, u32(0), u32(resources.length), resources, Buffer.alloc(isLarge ? 8 : 4), u16(0), ...planes])
}

/** Canon's CR3: small TIFFs, and the JPEG as the one sample of each track. */
export function cr3Of(jpeg: Buffer, said: readonly TiffDirectory[], { tracks = 1 } = {}): Buffer {
  const meta = box('uuid', Buffer.from('85c0b687820f11e08111f4ce462b6a48', 'hex'), ...said.map((each, at) => box(`CMT${at + 1}`, tiffOf(each))))
  const ftyp = box('ftyp', Buffer.from('crx \0\0\0\x01crx isom', 'latin1'))
  const trak = (place: number) => box('trak', box('mdia', box('minf', box('stbl', box('stsz', u32(0), u32(jpeg.length), u32(1)), box('co64', u32(0), u32(1), u32(0), u32(place))))))
  const moov = (place: number) => box('moov', meta, ...Array<Buffer>(tracks).fill(trak(place)))
  return Buffer.concat([ftyp, moov(ftyp.length + moov(0).length + 8), box('mdat', jpeg)])
}

/** DirectDraw Surface: not packed, blue first. */
export function ddsOf(size: Size, look: Look): Buffer {
  const head = Buffer.alloc(128)
  head.write('DDS ')
  ;[124, 0x100f, size.height, size.width, size.width * 4].forEach((value, at) => head.writeUInt32LE(value, 4 + at * 4))
  ;[32, 0x41, 0, 32, 0xff0000, 0xff00, 0xff, 0xff000000, 0x1000].forEach((value, at) => head.writeUInt32LE(value, 76 + at * 4))
  return Buffer.concat([head, ...every(size, (x, y) => Buffer.from([...look(x, y)].reverse().concat(255)))])
}

export type TiffValue = readonly [tag: number, type: 2 | 3 | 4, value: number | string | readonly number[]]
export interface TiffDirectory {
  readonly values: readonly TiffValue[]
  /** Tags whose value is the place of a further directory. */
  readonly children?: readonly (readonly [tag: number, directory: TiffDirectory])[]
  /** Its place and its length stand under these tags. */
  readonly blob?: readonly [placeTag: number, lengthTag: number, data: Buffer]
}

/** A TIFF as cameras write it: little-endian, directories and what they point at. `magic` as in the first eight bytes. */
export function tiffOf(main: TiffDirectory, magic = 42): Buffer {
  const out: Buffer[] = [Buffer.from('II'), le16(magic), le32(8)]
  let end = 8
  const append = (data: Buffer) => {
    const padded = data.length % 2 ? Buffer.concat([data, Buffer.alloc(1)]) : data
    out.push(padded)
    end += padded.length
    return end - padded.length
  }
  // The head points at the first place where something is written: a jump that is filled in at last.
  const write = ({ values, children = [], blob }: TiffDirectory): number => {
    const further: TiffValue[] = children.map(([tag, directory]) => [tag, 4, write(directory)])
    if (blob) further.push([blob[0], 4, append(blob[2])], [blob[1], 4, blob[2].length])
    const entries = [...values, ...further].sort(([a], [b]) => a - b).map(([tag, type, value]) => {
      const data = typeof value === 'string' ? Buffer.from(`${value}\0`) : Buffer.concat([value].flat().map(type === 3 ? le16 : le32))
      const count = typeof value === 'string' ? data.length : [value].flat().length
      const inline = data.length <= 4 ? Buffer.concat([data, Buffer.alloc(4 - data.length)]) : le32(append(data))
      return Buffer.concat([le16(tag), le16(type), le32(count), inline])
    })
    return append(Buffer.concat([le16(entries.length), ...entries, le32(0)]))
  }
  out[2] = le32(write(main))
  return Buffer.concat(out)
}

const le16 = (value: number) => Buffer.from([value & 255, (value >> 8) & 255])
const le32 = (value: number) => Buffer.from(u32(value)).reverse()
