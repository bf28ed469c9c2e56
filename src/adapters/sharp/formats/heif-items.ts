import { MediaError } from '../../../ports/media-engine.ts'
import { type Bytes, bytesOf, damaged } from './bytes.ts'
import { type Box, boxesIn } from './iso-boxes.ts'

/** The tables of a HEIF file's `meta` box (ISO/IEC 23008-12, ISO/IEC 14496-12 §8.11). */
export interface Items {
  readonly primary: number
  readonly typeOf: ReadonlyMap<number, string>
  readonly extentsOf: ReadonlyMap<number, readonly Extent[]>
  readonly references: readonly Reference[]
  /** In the order in which they apply. */
  readonly propertiesOf: ReadonlyMap<number, readonly Property[]>
  /** Where extents lie that count from `idat`. */
  readonly data: Buffer
}
export interface Extent {
  readonly offset: number
  /** 0 = to the end. */
  readonly length: number
  readonly isInData: boolean
}
export interface Reference {
  readonly type: string
  readonly from: number
  readonly to: readonly number[]
}
export interface Property {
  readonly type: string
  readonly content: Buffer
}

const MOST_ITEMS = 4096
const MOST_EXTENTS = 16_384
/** Writers use one, or a few. */
const MOST_EXTENTS_OF_ONE = 64
const MOST_PROPERTIES_OF_ONE = 64

export const strange = () => new MediaError('This HEIC picture is put together in a way that cannot be decoded here: export it as JPEG.')

/** `meta`: the content of that box. */
export function readItems(meta: Buffer): Items {
  const boxes = boxesIn(meta, 4)
  const content = (type: string): Buffer | null => {
    const box = boxes.find((each) => each.type === type)
    return box ? meta.subarray(box.start, box.end) : null
  }
  const needed = (type: string) => content(type) ?? fail()
  const pitm = fieldsOf(needed('pitm'))
  const references = content('iref')
  return {
    primary: pitm.version === 0 ? pitm.uint(2) : pitm.uint(4),
    typeOf: typesIn(needed('iinf')),
    extentsOf: extentsIn(needed('iloc')),
    references: references ? referencesIn(references) : [],
    propertiesOf: propertiesIn(needed('iprp')),
    data: content('idat') ?? Buffer.alloc(0),
  }
}

function fail(): never {
  throw damaged()
}

/** Fields one after another; what lies behind the end is damage. */
function fieldsOf(content: Buffer, at = 4) {
  const uint = (size: number): number => {
    if (at + size > content.length) fail()
    const value = size === 0 ? 0 : size === 8 ? Number(content.readBigUInt64BE(at)) : content.readUIntBE(at, size)
    at += size
    return value
  }
  const text = (length: number) => String.fromCharCode(...Array.from({ length }, () => uint(1)))
  return { version: content[0] ?? 0, flags: content[3] ?? 0, uint, text, at: () => at }
}

const times = (count: number, most: number): readonly number[] => (count > most ? fail() : Array.from({ length: count }, (_, at) => at))

function typesIn(iinf: Buffer): Map<number, string> {
  const start = iinf[0] === 0 ? 6 : 8
  const types = new Map<number, string>()
  for (const box of boxesIn(iinf, start).filter(({ type }) => type === 'infe')) {
    const entry = fieldsOf(iinf.subarray(box.start, box.end))
    if (entry.version < 2) continue
    const id = entry.uint(entry.version === 2 ? 2 : 4)
    entry.uint(2)
    types.set(id, entry.text(4))
    if (types.size > MOST_ITEMS) fail()
  }
  return types
}

function extentsIn(iloc: Buffer): Map<number, readonly Extent[]> {
  const fields = fieldsOf(iloc)
  const { version, uint } = fields
  const [sizes, more] = [uint(1), uint(1)]
  const [offsetSize, lengthSize, baseSize, indexSize] = [sizes >> 4, sizes & 15, more >> 4, version === 0 ? 0 : more & 15]
  if ([offsetSize, lengthSize, baseSize, indexSize].some((size) => ![0, 4, 8].includes(size))) fail()
  const wide = version < 2 ? 2 : 4
  const extents = new Map<number, readonly Extent[]>()
  let left = MOST_EXTENTS
  for (const _ of times(uint(wide), MOST_ITEMS)) {
    const id = uint(wide)
    const method = version === 0 ? 0 : uint(2) & 15
    const isElsewhere = uint(2) !== 0
    const base = uint(baseSize)
    const own = times(uint(2), left).map(() => {
      uint(indexSize)
      return { offset: base + uint(offsetSize), length: uint(lengthSize), isInData: method === 1 }
    })
    left -= own.length
    // In another file (data reference), or in another item (method 2): not read.
    if (!isElsewhere && method <= 1) extents.set(id, own)
  }
  return extents
}

function referencesIn(iref: Buffer): readonly Reference[] {
  const size = iref[0] === 0 ? 2 : 4
  let left = MOST_EXTENTS
  return boxesIn(iref, 4).map((box) => {
    const { uint } = fieldsOf(iref.subarray(box.start, box.end), 0)
    const from = uint(size)
    const to = times(uint(2), left).map(() => uint(size))
    left -= to.length
    return { type: box.type, from, to }
  })
}

function propertiesIn(iprp: Buffer): Map<number, readonly Property[]> {
  const inside = boxesIn(iprp)
  const shared = inside.find(({ type }) => type === 'ipco') ?? fail()
  const ipco = iprp.subarray(shared.start, shared.end)
  const properties = boxesIn(ipco).map(({ type, start, end }): Property => ({ type, content: ipco.subarray(start, end) }))
  const owners = new Map<number, readonly Property[]>()
  let left = MOST_ITEMS
  for (const box of inside.filter(({ type }) => type === 'ipma')) {
    const associations = associationsIn(iprp, box, left)
    left -= associations.length
    for (const [id, own] of associations) owners.set(id, own.flatMap((at) => properties[at - 1] ?? []))
  }
  return owners
}

/** Property numbers count from 1; 0 = none. The highest bit says that a reader must know it. */
function associationsIn(iprp: Buffer, { start, end }: Box, most: number): readonly (readonly [item: number, properties: readonly number[]])[] {
  const { version, flags, uint } = fieldsOf(iprp.subarray(start, end))
  const isWide = (flags & 1) === 1
  return times(uint(4), most).map(() => {
    const id = uint(version === 0 ? 2 : 4)
    return [id, times(uint(1), MOST_PROPERTIES_OF_ONE).map(() => uint(isWide ? 2 : 1) & (isWide ? 0x7fff : 0x7f))] as const
  })
}

export const contentOfProperty = (properties: readonly Property[], type: string) => properties.find((each) => each.type === type)?.content

/** What an item holds, put together from its extents. */
export async function dataOf(bytes: Bytes, { extentsOf, data }: Items, { id, most }: { readonly id: number; readonly most: number }): Promise<Buffer> {
  const inData = bytesOf(data)
  const extents = (extentsOf.get(id) ?? []).map(({ offset, length, isInData }) => {
    const source = isInData ? inData : bytes
    return { source, offset, length: length === 0 ? source.size - offset : length }
  })
  const total = extents.reduce((sum, { length }) => sum + length, 0)
  // Extents of one item do not overlap.
  if (total <= 0 || total > bytes.size) throw damaged()
  if (total > most || extents.length > MOST_EXTENTS_OF_ONE) throw strange()
  const parts: Buffer[] = []
  for (const { source, offset, length } of extents) parts.push(await source.read(offset, length))
  const [only] = parts
  return parts.length === 1 && only ? only : Buffer.concat(parts)
}
