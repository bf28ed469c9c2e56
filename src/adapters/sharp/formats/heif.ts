import { MediaError } from '../../../ports/media-engine.ts'
import type { StillStep } from '../../../ports/still-decoder.ts'
import { type Bytes, damaged, writePieces } from './bytes.ts'
import { type ExifFacts, factsOfExif, NOTHING_SAID } from './exif.ts'
import { tooLarge } from '../faults.ts'
import { contentOfProperty, dataOf, type Items, type Property, readItems, strange } from './heif-items.ts'
import { streamOf } from './hevc-stream.ts'
import { boxesOfFile, contentOf } from './iso-boxes.ts'
import { MOST_PIXELS } from '../../picture-limits.ts'

/** A HEIC picture: tiles of HEVC, each for itself, and what is done with them. */
export interface HeifPicture {
  readonly tiles: { readonly columns: number; readonly rows: number }
  readonly steps: readonly StillStep[]
  /** As shown, after all steps. */
  readonly width: number
  readonly height: number
  readonly bitDepth: number
  /** `p3`: Display P3 by number, without a profile. */
  readonly profile: Buffer | 'p3' | null
  readonly matrix?: number
  readonly isFullRange?: boolean
  readonly exif: ExifFacts
  /** Writes the tiles as a bare stream (H.265 Annex B). */
  write(path: string, signal: AbortSignal): Promise<void>
}

const MOST_TILES = 1024
const MOST_GRID_BYTES = 64
const MOST_EXIF_BYTES = 1024 ** 2

export async function readHeif(bytes: Bytes): Promise<HeifPicture> {
  const meta = (await boxesOfFile(bytes)).find(({ type }) => type === 'meta')
  if (!meta) throw new MediaError('This is a sequence of HEIC pictures, or a damaged one: export it as JPEG, or as a film.')
  const items = readItems(await contentOf(bytes, meta))
  const { primary } = items
  const own = items.propertiesOf.get(primary) ?? []
  const whole = sizeIn(own)
  const plan = items.typeOf.get(primary) === 'grid' ? await gridOf(bytes, items) : { tiles: [primary], columns: 1, rows: 1, ...whole }
  const [first = 0] = plan.tiles
  if (plan.tiles.some((id) => items.typeOf.get(id) !== 'hvc1')) throw strange()
  const tile = sizeIn(items.propertiesOf.get(first) ?? [])
  assertSizes(plan, tile)
  const steps: StillStep[] = [{ crop: { x: 0, y: 0, width: plan.width, height: plan.height } }]
  const shown = transformed(own, { width: plan.width, height: plan.height }, steps)
  const ofTile = items.propertiesOf.get(first) ?? []
  return {
    tiles: { columns: plan.columns, rows: plan.rows },
    steps,
    ...shown,
    bitDepth: ((contentOfProperty(ofTile, 'hvcC')?.[17] ?? 0) & 7) + 8,
    ...colourIn([...own, ...ofTile]),
    exif: await exifOf(bytes, items),
    write: (path, signal) => writePieces(path, streamOf(bytes, items, plan.tiles), signal),
  }
}

interface Size {
  readonly width: number
  readonly height: number
}
interface Plan extends Size {
  readonly tiles: readonly number[]
  readonly columns: number
  readonly rows: number
}

function sizeIn(properties: readonly Property[]): Size {
  const ispe = contentOfProperty(properties, 'ispe')
  if (!ispe || ispe.length < 12) throw damaged()
  return { width: ispe.readUInt32BE(4), height: ispe.readUInt32BE(8) }
}

async function gridOf(bytes: Bytes, items: Items): Promise<Plan> {
  const grid = await dataOf(bytes, items, { id: items.primary, most: MOST_GRID_BYTES })
  const isWide = ((grid[1] ?? 0) & 1) === 1
  if (grid.length < (isWide ? 12 : 8)) throw damaged()
  const [rows, columns] = [grid.readUInt8(2) + 1, grid.readUInt8(3) + 1]
  const tiles = items.references.find(({ type, from }) => type === 'dimg' && from === items.primary)?.to ?? []
  if (rows * columns > MOST_TILES) throw strange()
  if (tiles.length !== rows * columns) throw damaged()
  const [width, height] = isWide ? [grid.readUInt32BE(4), grid.readUInt32BE(8)] : [grid.readUInt16BE(4), grid.readUInt16BE(6)]
  return { tiles, rows, columns, width, height }
}

function assertSizes({ width, height, columns, rows }: Plan, tile: Size) {
  const [across, down] = [tile.width * columns, tile.height * rows]
  if (width === 0 || height === 0 || across < width || down < height) throw damaged()
  if (across * down > MOST_PIXELS) throw tooLarge()
}

/** Adds the steps to those that are there, and answers the size after them. */
function transformed(properties: readonly Property[], size: Size, steps: StillStep[]): Size {
  return properties.reduce((now, property) => {
    const step = stepOf(property, now)
    if (!step) return now
    steps.push(step)
    if ('crop' in step) return { width: step.crop.width, height: step.crop.height }
    return 'turn' in step && step.turn !== 180 ? { width: now.height, height: now.width } : now
  }, size)
}

/** By quarters anticlockwise. */
const TURNS = [null, { turn: 270 }, { turn: 180 }, { turn: 90 }] as const

function stepOf({ type, content }: Property, whole: Size): StillStep | null {
  const [value = 0] = content
  if (type === 'clap') return { crop: apertureOf(content, whole) }
  if (type === 'irot') return TURNS[value & 3] ?? null
  if (type === 'imir') return { mirror: (value & 1) === 1 ? 'left-right' : 'top-bottom' }
  return null
}

/** ISO/IEC 14496-12 §12.1.4: a size, and how far its centre lies from the picture's, in fractions. */
function apertureOf(clap: Buffer, whole: Size) {
  if (clap.length < 32) throw damaged()
  const fraction = (at: number) => clap.readInt32BE(at) / clap.readUInt32BE(at + 4)
  const [width, height] = [Math.round(fraction(0)), Math.round(fraction(8))]
  const x = Math.floor((whole.width - width) / 2 + fraction(16))
  const y = Math.floor((whole.height - height) / 2 + fraction(24))
  if (!(width > 0 && height > 0 && x >= 0 && y >= 0 && x + width <= whole.width && y + height <= whole.height)) throw damaged()
  return { x, y, width, height }
}

/** A profile says what the colours are; the numbers (H.273) how they are coded, and else what they are. */
function colourIn(properties: readonly Property[]): Pick<HeifPicture, 'profile' | 'matrix' | 'isFullRange'> {
  const boxes = properties.filter(({ type, content }) => type === 'colr' && content.length >= 4)
  const named = (...names: readonly string[]) => boxes.find(({ content }) => names.includes(content.toString('latin1', 0, 4)))?.content.subarray(4)
  const numbers = named('nclx')
  const coded = numbers && numbers.length >= 7 ? { primaries: numbers.readUInt16BE(0), matrix: numbers.readUInt16BE(4), isFullRange: numbers.readUInt8(6) >= 128 } : null
  return {
    profile: named('prof', 'rICC') ?? (coded?.primaries === 12 ? 'p3' : null),
    ...(coded && { matrix: coded.matrix, isFullRange: coded.isFullRange }),
  }
}

async function exifOf(bytes: Bytes, items: Items): Promise<ExifFacts> {
  const described = items.references.filter(({ type, to }) => type === 'cdsc' && to.includes(items.primary)).map(({ from }) => from)
  const id = described.find((each) => items.typeOf.get(each) === 'Exif')
  if (id === undefined) return NOTHING_SAID
  try {
    const block = await dataOf(bytes, items, { id, most: MOST_EXIF_BYTES })
    return await factsOfExif(block.subarray(4 + block.readUInt32BE(0)))
  } catch {
    return NOTHING_SAID
  }
}
