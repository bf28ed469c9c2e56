import { readFileSync } from 'node:fs'
import { ffmpeg } from './films.ts'

/** One picture of HEVC as HEIF stores it. */
export interface HevcTile {
  readonly settings: Buffer
  readonly data: Buffer
  readonly size: number
}

export const GRID = 60_000
const EXIF = 60_001

interface Heif {
  readonly tiles: readonly HevcTile[]
  /** Absent: the first tile is the picture. */
  readonly grid?: { readonly columns: number; readonly rows: number; readonly width: number; readonly height: number }
  /** Of the whole picture, in order; boxes. */
  readonly properties?: readonly Buffer[]
  readonly exif?: Buffer
  /** Of the primary item. */
  readonly type?: string
  /** The tiles stand in `idat` and not in `mdat`. */
  readonly isInMeta?: boolean
  readonly displayed?: { readonly width: number; readonly height: number }
  /** Each item is its bytes so many times over. */
  readonly extents?: number
}

/** A square of one colour. */
export async function hevcTile(path: string, colour: string, size = 64): Promise<HevcTile> {
  const look = ['-f', 'lavfi', '-i', `color=${colour}:s=${size}x${size}:d=1`, '-vf', 'scale=out_color_matrix=bt601:out_range=pc', '-pix_fmt', 'yuvj420p', '-frames:v', '1']
  await ffmpeg(...look, '-c:v', 'libx265', '-x265-params', 'log-level=none:info=0:range=full:colormatrix=smpte170m:ctu=16:qp=8', '-f', 'hevc', path)
  const units = readFileSync(path).toString('latin1').split(/\0{2,3}\x01/).slice(1).map((unit) => Buffer.from(unit, 'latin1'))
  const typeOf = (unit: Buffer) => ((unit[0] ?? 0) >> 1) & 63
  const sets = [32, 33, 34].map((type) => units.find((unit) => typeOf(unit) === type) ?? Buffer.alloc(0))
  const head = Buffer.alloc(23)
  head.set([1], 0)
  head.set([0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 3, 3], 13)
  return {
    settings: Buffer.concat([head, ...sets.map((set, at) => Buffer.concat([Buffer.from([0x80 | (32 + at)]), u16(1), u16(set.length), set]))]),
    data: Buffer.concat(units.filter((unit) => typeOf(unit) < 32).map((unit) => Buffer.concat([u32(unit.length), unit]))),
    size,
  }
}

export function heifOf(order: Heif): Buffer {
  const ftyp = box('ftyp', Buffer.from('heic\0\0\0\0mif1heic', 'latin1'))
  const length = metaOf(order, 0).length
  const parts = [...(order.isInMeta ? [] : order.tiles.map(({ data }) => data)), ...exifItem(order)]
  return Buffer.concat([ftyp, metaOf(order, ftyp.length + length + 8), box('mdat', ...parts)])
}

const exifItem = ({ exif }: Heif) => (exif ? [Buffer.concat([u32(0), exif])] : [])

/** Items: 1 … n the tiles. */
function metaOf(order: Heif, mediaAt: number): Buffer {
  const { tiles, grid, properties = [], type = grid ? 'grid' : 'hvc1', isInMeta = false, extents = 1 } = order
  const gridData = grid ? Buffer.concat([Buffer.from([0, 0, grid.rows - 1, grid.columns - 1]), u16(grid.width), u16(grid.height)]) : Buffer.alloc(0)
  const primary = grid ? GRID : 1
  const ids = tiles.map((_, at) => at + 1)
  const places: Buffer[] = []
  const place = (id: number, { method, offset, length }: { method: number; offset: number; length: number }) => places.push(Buffer.concat([u16(id), u16(method), u16(0), u16(extents), ...Array.from({ length: extents }, () => Buffer.concat([u32(offset), u32(length)]))]))
  let inMeta = gridData.length
  let inMedia = mediaAt
  tiles.forEach(({ data }, at) => {
    place(at + 1, { method: isInMeta ? 1 : 0, offset: isInMeta ? inMeta : inMedia, length: data.length })
    if (isInMeta) inMeta += data.length
    else inMedia += data.length
  })
  if (grid) place(GRID, { method: 1, offset: 0, length: gridData.length })
  exifItem(order).forEach((data) => place(EXIF, { method: 0, offset: inMedia, length: data.length }))
  const entry = (id: number, name: string) => box('infe', Buffer.from([2, 0, 0, 0]), u16(id), u16(0), Buffer.from(`${name}\0`, 'latin1'))
  const items = [...ids.map((id) => entry(id, grid ? 'hvc1' : type)), ...(grid ? [entry(GRID, type)] : []), ...(order.exif ? [entry(EXIF, 'Exif')] : [])]
  const size = tiles[0]?.size ?? 0
  const shown = order.displayed ?? grid ?? { width: size, height: size }
  const settings = [...new Set(tiles.map((tile) => tile.settings))]
  const settingsOf = (id: number) => 3 + settings.indexOf(tiles[id - 1]?.settings ?? Buffer.alloc(0))
  const ipco = [ispe(size, size), ispe(shown.width, shown.height), ...settings.map((each) => box('hvcC', each)), ...properties]
  const own = properties.map((_, at) => 3 + settings.length + at)
  const associations = [...(grid ? [[GRID, 2, ...own]] : []), ...ids.map((id) => (grid ? [id, 1, settingsOf(id)] : [id, 2, settingsOf(id), ...own]))]
  const references = [...(grid ? [box('dimg', u16(GRID), u16(ids.length), ...ids.map(u16))] : []), ...(order.exif ? [box('cdsc', u16(EXIF), u16(1), u16(primary))] : [])]
  return box(
    'meta', u32(0), box('pitm', u32(0), u16(primary)), box('iinf', u32(0), u16(items.length), ...items),
    box('iloc', Buffer.from([1, 0, 0, 0, 0x44, 0]), u16(places.length), ...places),
    ...(references.length > 0 ? [box('iref', u32(0), ...references)] : []),
    box('iprp', box('ipco', ...ipco), box('ipma', u32(0), u32(associations.length), ...associations.map(([id = 0, ...of]) => Buffer.concat([u16(id), Buffer.from([of.length, ...of])])))),
    ...(grid || isInMeta ? [box('idat', gridData, ...(isInMeta ? tiles.map(({ data }) => data) : []))] : []),
  ) // prettier-ignore
}

const ispe = (width: number, height: number) => box('ispe', u32(0), u32(width), u32(height))
export const irot = (quarters: number) => box('irot', Buffer.from([quarters]))
export const imir = (axis: number) => box('imir', Buffer.from([axis]))

export const box = (type: string, ...content: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(content)
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body])
}
export const u16 = (value: number) => Buffer.from([(value >> 8) & 255, value & 255])
export const u32 = (value: number) => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}
