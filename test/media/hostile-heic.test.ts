import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { readItems } from '../../src/adapters/sharp/formats/heif-items.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { MediaError } from '../../src/ports/media-engine.ts'
import { isPlainReason } from '../fuzz/damage.ts'
import { mediaFolder } from '../support/films.ts'
import { box, GRID, type HevcTile, heifOf, hevcTile, u16, u32 } from '../support/heif.ts'
import { tiffOf } from '../support/still-files.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = mediaFolder('hostile-heic')
const temp = folder.path('temp', '.')
const engine = createSharp({ stills: createFfmpeg({ tempDir: temp, slots: 1 }).stills })
const { signal } = new AbortController()
const grid = { columns: 2, rows: 2, width: 128, height: 128 }
const DAMAGED = 'The picture is damaged: it cannot be decoded.'
const STRANGE = 'This HEIC picture is put together in a way that cannot be decoded here: export it as JPEG.'

let tiles: readonly HevcTile[]
let tile: HevcTile
beforeAll(async () => {
  tile = await hevcTile(folder.path('tile.hevc'), 'red')
  tiles = [tile, tile, tile, tile].map((each) => ({ ...each, data: Buffer.from(each.data) }))
}, 30_000)
afterAll(() => folder.remove())

const store = (bytes: Buffer): string => {
  writeFileSync(folder.path('a.heic'), bytes)
  return folder.path('a.heic')
}

/** Why it is not shown; undefined where it is. Whatever is no fault of the file fails, and nothing may be left beside the rendition. */
async function reasonOf(bytes: Buffer): Promise<string | undefined> {
  const out = folder.path('out', 'a.jpg')
  rmSync(out, { force: true })
  const fault = await engine.rendition({ source: store(bytes), target: out, maxSize: 100, signal }).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect([readdirSync(folder.path('out', '.')), existsSync(join(temp, 'jobs')) ? readdirSync(join(temp, 'jobs')) : []]).toEqual([fault === undefined ? ['a.jpg'] : [], []])
  if (fault === undefined) return undefined
  if (!(fault instanceof MediaError)) throw new Error('It is no fault of the file', { cause: fault })
  expect(fault.message).toSatisfy(isPlainReason)
  return fault.message
}

test('tables that lie, pictures that are made of themselves, and what is coded otherwise are refused', async () => {
  const whole = heifOf({ tiles, grid })
  const at = (type: string) => whole.indexOf(type)
  const changed = (place: number, value: Buffer) => Buffer.concat([whole.subarray(0, place), value, whole.subarray(place + value.length)])
  const files: Readonly<Record<string, Buffer>> = {
    'too-many-items': changed(at('iinf') + 8, u16(0xffff)).fill(0xff, at('iloc') + 10, at('iloc') + 12),
    'no-primary': changed(at('pitm') + 8, u16(77)),
    'offset-behind-the-end': changed(at('iloc') + 20, u32(0xfffffff0)),
    'length-behind-the-end': changed(at('iloc') + 24, u32(0x0fffffff)),
    'box-behind-its-parent': changed(at('iprp') - 4, u32(0x7fffffff)),
    'box-without-length': changed(at('iprp') - 4, u32(1)),
    'a-loop': changed(at('dimg') + 8, Buffer.concat(Array.from({ length: 4 }, () => u16(GRID)))),
    'grid-larger-than-its-tiles': heifOf({ tiles, grid: { ...grid, width: 1000 } }),
    'an-overlay': heifOf({ tiles, grid, type: 'iovl' }),
    'lossless-by-another-codec': heifOf({ tiles: tiles.slice(0, 1), type: 'vvc1' }),
    'picture-larger-than-coded': heifOf({ tiles: tiles.slice(0, 1), displayed: { width: 128, height: 128 } }),
    'noise-for-a-picture': heifOf({ tiles: [{ ...tile, data: Buffer.concat([u32(40), Buffer.alloc(40, 0x5a)]) }] }),
    'units-without-end': heifOf({ tiles: tiles.map((each) => ({ ...each, data: Buffer.concat([u32(0xfffffff), each.data]) })), grid }),
  }
  for (const [name, bytes] of Object.entries(files)) expect(await reasonOf(bytes), name).toBeDefined()
  expect(await reasonOf(whole)).toBeUndefined()
})

test('random damage never does more than fail', async () => {
  const whole = heifOf({ tiles, grid })
  let seed = 7
  const random = (below: number) => ((seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) >>> 8) % below
  for (let round = 0; round < 300; round += 1) {
    const bytes = Buffer.from(whole)
    for (let each = 0; each < 8; each += 1) bytes[24 + random(bytes.length - 24)] = random(256)
    const error = await engine.read(store(bytes)).catch((reason: unknown) => reason)
    if (error instanceof Error) expect(error).toBeInstanceOf(MediaError)
    if (round % 6 === 0) await reasonOf(bytes)
  }
})

/** Units with a length of one byte. */
const finely = (data: Buffer): HevcTile => {
  const settings = Buffer.from(tile.settings)
  settings[21] = 0
  return { ...tile, settings, data }
}

test('units and parameter sets are counted, and none is empty', async () => {
  expect(await reasonOf(heifOf({ tiles: [finely(Buffer.alloc(200_000))] }))).toBe(DAMAGED)
  expect(await reasonOf(heifOf({ tiles: [finely(Buffer.alloc(10_000, 1))] }))).toBe(STRANGE)
  expect(await reasonOf(heifOf({ tiles: Array.from({ length: 9 }, () => finely(Buffer.alloc(8000, 1))), grid: { columns: 3, rows: 3, width: 192, height: 192 } }))).toBe(STRANGE)
  const sets = (settings: Buffer) => heifOf({ tiles: tiles.map((each) => ({ ...each, settings })), grid })
  const head = tile.settings.subarray(0, 22)
  expect(await reasonOf(sets(Buffer.concat([head, Buffer.from([1, 0x80]), u16(30_000), Buffer.alloc(60_000)])))).toBe(DAMAGED)
  expect(await reasonOf(sets(Buffer.concat([tile.settings, Buffer.alloc(80_000)])))).toBe(STRANGE)
})

test('what lies in a file once is not read many times over', async () => {
  expect(await reasonOf(heifOf({ tiles: [tile], extents: 32 }))).toBe(DAMAGED)
  const padding = box('free', Buffer.alloc(1024 ** 2))
  const padded = (order: Parameters<typeof heifOf>[0]) => Buffer.concat([heifOf(order), padding])
  expect(await reasonOf(padded({ tiles: [tile], extents: 65 }))).toBe(STRANGE)
  // The eight bytes of a grid, sixteen times.
  expect(await reasonOf(padded({ tiles, grid, extents: 16 }))).toBe(STRANGE)
  // One tile for all four places, which is most of the file.
  const large = Buffer.concat([tile.data, u32(100_000), Buffer.alloc(100_000, 0x5a)])
  const one = heifOf({ tiles: [{ ...tile, data: large }, tile, tile, tile], grid })
  one.fill(Buffer.concat([u16(1), u16(1), u16(1), u16(1)]), one.indexOf('dimg') + 8, one.indexOf('dimg') + 16)
  expect(await reasonOf(one)).toBe(DAMAGED)
})

test('EXIF of more than a megabyte says nothing', async () => {
  const camera = async (exif: Buffer) => (await engine.read(store(heifOf({ tiles: [tile], exif })))).camera
  const exif = tiffOf({ values: [[0x110, 2, 'One']] })
  expect(await camera(exif)).toBe('One')
  expect(await camera(Buffer.concat([exif, Buffer.alloc(1024 ** 2)]))).toBeNull()
})

test('what belongs to which item is counted over all tables', () => {
  const owners = (items: number, properties: number) => box('ipma', u32(0), u32(items), ...Array.from({ length: items }, (_, at) => Buffer.concat([u16(at), Buffer.alloc(properties + 1, 1).fill(properties, 0, 1)])))
  const items = (...tables: readonly Buffer[]) => readItems(Buffer.concat([u32(0), box('pitm', u32(0), u16(1)), box('iinf', u32(0), u16(0)), box('iloc', Buffer.alloc(4), u16(0), u16(0)), box('iprp', box('ipco', box('irot', Buffer.alloc(1))), ...tables)]))
  expect(items(owners(4000, 64)).propertiesOf.size).toBe(4000)
  expect(() => items(owners(4000, 1), owners(4000, 1))).toThrow(MediaError)
  expect(() => items(owners(1, 65))).toThrow(MediaError)
})
