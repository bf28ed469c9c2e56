import { type Bytes, damaged, incomplete } from './bytes.ts'
import { contentOfProperty, dataOf, type Items, strange } from './heif-items.ts'

const MOST_TILE_BYTES = 32 * 1024 ** 2
const MOST_STREAM_BYTES = 256 * 1024 ** 2
/** Cameras write one unit a tile, or some. */
const MOST_UNITS_OF_TILE = 4096
const MOST_UNITS = 16_384
const MOST_SETTINGS_BYTES = 64 * 1024
const START_CODE = Buffer.from([0, 0, 0, 1])

/** Tiles as a bare stream (H.265 Annex B). Before each stand its parameter sets, which need not be the same for all. One tile is held at a time. */
export async function* streamOf(bytes: Bytes, items: Items, tiles: readonly number[]): AsyncGenerator<Buffer> {
  const setsOf = new Map<Buffer, Buffer>()
  // Tiles do not overlap, so that all together are no more than the file.
  let [leftInFile, leftToWrite, leftUnits] = [bytes.size, MOST_STREAM_BYTES, MOST_UNITS]
  for (const id of tiles) {
    const settings = settingsOf(items, id)
    const sets = setsOf.get(settings) ?? parameterSetsIn(settings)
    setsOf.set(settings, sets)
    const data = await dataOf(bytes, items, { id, most: MOST_TILE_BYTES })
    const units = unitsIn(data, ((settings[21] ?? 0) & 3) + 1)
    leftInFile -= data.length
    leftUnits -= units.length
    leftToWrite -= sets.length + data.length + units.length * START_CODE.length
    if (leftInFile < 0) throw damaged()
    if (leftUnits < 0 || leftToWrite < 0) throw strange()
    yield sets
    for (const unit of units) {
      yield START_CODE
      yield unit
    }
  }
}

function settingsOf({ propertiesOf }: Items, id: number): Buffer {
  const settings = contentOfProperty(propertiesOf.get(id) ?? [], 'hvcC')
  if (!settings || settings.length < 23) throw damaged()
  return settings
}

/** ISO/IEC 14496-15 §8.3.2; each behind a start code. */
function parameterSetsIn(settings: Buffer): Buffer {
  if (settings.length > MOST_SETTINGS_BYTES) throw strange()
  const sets: Buffer[] = []
  let at = 23
  for (let array = 0; array < (settings[22] ?? 0); array += 1) {
    if (at + 3 > settings.length) throw damaged()
    const count = settings.readUInt16BE(at + 1)
    at += 3
    for (let set = 0; set < count; set += 1) {
      const { unit, end } = unitAt(settings, at, 2)
      sets.push(START_CODE, unit)
      at = end
    }
  }
  return Buffer.concat(sets)
}

function unitsIn(data: Buffer, lengthSize: number): readonly Buffer[] {
  const units: Buffer[] = []
  for (let at = 0; at < data.length; ) {
    if (units.length === MOST_UNITS_OF_TILE) throw strange()
    const { unit, end } = unitAt(data, at, lengthSize)
    units.push(unit)
    at = end
  }
  return units
}

function unitAt(data: Buffer, at: number, lengthSize: number) {
  const start = at + lengthSize
  if (start > data.length) throw damaged()
  const end = start + data.readUIntBE(at, lengthSize)
  if (end === start) throw damaged()
  if (end > data.length) throw incomplete()
  return { unit: data.subarray(start, end), end }
}
