import { MediaError } from '../../../ports/media-engine.ts'
import { type Bytes, bytesOf, damaged, partOf } from './bytes.ts'
import { type EmbeddedJpeg, exifIn, jpegAt } from './embedded-jpeg.ts'
import { type ExifFacts, factsOfExif, factsOfTiff } from './exif.ts'
import { boxesIn, boxesOfFile, contentOf } from './iso-boxes.ts'
import { bareDirectory, type Directory, openTiff, type Tiff } from './tiff-directory.ts'

/** What a camera's raw file says of itself, and the picture that the camera put in beside the raw data. */
export interface RawFile {
  readonly exif: ExifFacts
  readonly jpeg: EmbeddedJpeg | null
  /** Of the raw data, where it says; not turned. */
  readonly width: number | null
  readonly height: number | null
  readonly bitDepth: number | null
}

export const noPreview = () =>
  new MediaError('This camera raw file holds no preview picture, and raw data are not developed here: export it as JPEG or TIFF, or save it anew with a preview.')

/** TIFF 6.0, TIFF/EP (ISO 12234-2) and DNG 1.6, and what makers add. */
const TAG = {
  width: 0x100, height: 0x101, bits: 0x102, compression: 0x103, photometric: 0x106, offsets: 0x111, lengths: 0x117, children: 0x14a,
  jpeg: 0x201, jpegLength: 0x202, exif: 0x8769, makerNote: 0x927c, dngVersion: 0xc612, panasonicJpeg: 0x2e,
} as const // prettier-ignore

/** A colour filter's mosaic, or linear raw: nobody's ordinary TIFF. */
const RAW_PHOTOMETRIC = [32803, 34892]
const MOST_DIRECTORIES = 32
/** A CR3 has four or five tracks, and two boxes of Canon's own beside them. */
const MOST_TRACKS = 8
const BIG_TIFF = ['II+\0', 'MM\0+']

/** Whether a file with a TIFF's first bytes is a camera's. */
export async function isRawTiff(bytes: Bytes): Promise<boolean> {
  try {
    const head = await bytes.read(0, 12)
    if (BIG_TIFF.includes(head.toString('latin1', 0, 4))) return false
    if (head.toString('latin1', 8, 10) === 'CR' || !['II*\0', 'MM\0*'].includes(head.toString('latin1', 0, 4))) return true
    for (const each of await directoriesOf(await openTiff(bytes))) {
      if (each.tags.has(TAG.dngVersion)) return true
      if (RAW_PHOTOMETRIC.includes((await each.numbers(TAG.photometric))[0] ?? 0)) return true
    }
  } catch {
    // Then it is a damaged TIFF, which its decoder says.
  }
  return false
}

export async function readRawTiff(bytes: Bytes): Promise<RawFile> {
  const directories = await directoriesOf(await openTiff(bytes))
  const found: (EmbeddedJpeg | null)[] = []
  for (const each of directories) for (const { offset, length } of await placesIn(each)) found.push(await jpegAt(bytes, offset, length))
  found.push(await olympusPreview(bytes, directories).catch(() => null))
  return { exif: await factsOfTiff(bytes), jpeg: largest(found), ...(await rawSize(directories)) }
}

/** In the order in which they are linked; a loop ends, and so does what leads out of the file. */
async function directoriesOf(tiff: Tiff): Promise<readonly Directory[]> {
  const directories = [await tiff.directory(tiff.first)]
  const seen = new Set([tiff.first])
  for (let at = 0; at < directories.length && directories.length < MOST_DIRECTORIES; at += 1) {
    const directory = directories[at]
    if (!directory) break
    for (const offset of [...(await directory.numbers(TAG.children).catch(() => [])), directory.next]) {
      if (offset === 0 || seen.has(offset) || directories.length >= MOST_DIRECTORIES) continue
      seen.add(offset)
      const further = await tiff.directory(offset).catch(() => undefined)
      if (further) directories.push(further)
    }
  }
  return directories
}

interface Place {
  readonly offset: number
  readonly length: number
}

/** Where JPEGs may lie by what one directory says. */
async function placesIn(directory: Directory): Promise<readonly Place[]> {
  const places: Place[] = []
  const whole = directory.place(TAG.panasonicJpeg)
  if (whole && whole.length > 1000) places.push(whole)
  places.push(...(await placeBy(directory, TAG.jpeg, TAG.jpegLength)))
  const [compression] = await directory.numbers(TAG.compression).catch(() => [])
  if (compression === 6 || compression === 7) places.push(...(await placeBy(directory, TAG.offsets, TAG.lengths)))
  return places
}

/** None where there are several: strips of one picture, each of which is no file. */
async function placeBy(directory: Directory, offsetTag: number, lengthTag: number): Promise<readonly Place[]> {
  const [[offset, ...others], [length]] = [await directory.numbers(offsetTag).catch(() => []), await directory.numbers(lengthTag).catch(() => [])]
  return offset === undefined || length === undefined || others.length > 0 ? [] : [{ offset, length }]
}

const OLYMPUS_NOTES = [['OLYMPUS\0II', 12], ['OM SYSTEM\0\0\0II', 16]] as const
const [CAMERA_SETTINGS, PREVIEW_START, PREVIEW_LENGTH] = [0x2020, 0x101, 0x102]

/** Olympus hides it in the maker's note, whose offsets count from its own start. */
async function olympusPreview(bytes: Bytes, [main]: readonly Directory[]): Promise<EmbeddedJpeg | null> {
  const note = main && (await makerNoteOf(bytes, main))
  if (!note) return null
  const inside = partOf(bytes, note.offset)
  const head = (await inside.read(0, 16)).toString('latin1')
  const start = OLYMPUS_NOTES.find(([name]) => head.startsWith(name))?.[1]
  if (start === undefined) return null
  const own = await bareDirectory(inside, start, true)
  const place = own.place(CAMERA_SETTINGS)
  if (!place) return null
  // A directory's offset or, in older cameras, the directory itself.
  const [settingsAt = place.offset] = place.length === 4 ? await own.numbers(CAMERA_SETTINGS) : []
  const [preview] = await placeBy(await bareDirectory(inside, settingsAt, true), PREVIEW_START, PREVIEW_LENGTH)
  return preview ? jpegAt(bytes, note.offset + preview.offset, preview.length) : null
}

async function makerNoteOf(bytes: Bytes, main: Directory): Promise<Place | null> {
  const [exif] = await main.numbers(TAG.exif)
  return exif === undefined ? null : (await (await openTiff(bytes)).directory(exif)).place(TAG.makerNote)
}

async function rawSize(directories: readonly Directory[]) {
  let size = { width: 0, height: 0, bitDepth: null as number | null }
  for (const each of directories) {
    const number = async (tag: number) => (await each.numbers(tag).catch(() => []))[0]
    const [width = 0, height = 0, bits = null] = [await number(TAG.width), await number(TAG.height), await number(TAG.bits)]
    if (width * height > size.width * size.height) size = { width, height, bitDepth: bits !== null && bits <= 32 ? bits : null }
  }
  return size.width > 0 ? size : { width: null, height: null, bitDepth: null }
}

const largest = (found: readonly (EmbeddedJpeg | null)[]): EmbeddedJpeg | null =>
  found.reduce((best, each) => (each && (!best || each.width * each.height > best.width * best.height) ? each : best), null)

/** Fuji: a header of fixed places, and a JPEG that says all. */
export async function readRaf(bytes: Bytes): Promise<RawFile> {
  const head = await bytes.read(84, 8)
  const jpeg = await jpegAt(bytes, head.readUInt32BE(0), head.readUInt32BE(4))
  const exif = jpeg ? exifIn(await bytes.read(jpeg.offset, Math.min(jpeg.length, 128 * 1024))) : null
  const facts = await factsOfExif(exif ?? Buffer.alloc(0))
  return { exif: { ...facts, orientation: null }, jpeg, width: null, height: null, bitDepth: null }
}

const CANON_META = '85c0b687820f11e08111f4ce462b6a48'
const CANON_PREVIEW = 'eaf42b5e1c984b88b9fbb7dc406e4d16'

/** Canon's CR3: boxes as in a film; small TIFFs for what EXIF says, the large JPEG as the first track's one sample. */
export async function readCr3(bytes: Bytes): Promise<RawFile> {
  const boxes = await boxesOfFile(bytes)
  const moov = boxes.find(({ type }) => type === 'moov')
  if (!moov) throw damaged()
  const content = await contentOf(bytes, moov)
  const inside = boxesIn(content)
  const meta = inside.find(({ type, start }) => type === 'uuid' && content.toString('hex', start, start + 16) === CANON_META)
  const metaBoxes = meta ? boxesIn(content.subarray(0, meta.end), meta.start + 16) : []
  const tiffs = ['CMT1', 'CMT2'].flatMap((name) => metaBoxes.find(({ type }) => type === name) ?? []).map(({ start, end }) => bytesOf(content.subarray(start, end)))
  const found: (EmbeddedJpeg | null)[] = []
  for (const { start, end } of inside.filter(({ type }) => type === 'trak').slice(0, MOST_TRACKS)) found.push(await sampleOf(bytes, content.subarray(start, end)).catch(() => null))
  for (const { start, end } of boxes.filter(({ type }) => type === 'uuid').slice(0, MOST_TRACKS)) {
    const isPreview = end - start > 48 && (await bytes.read(start, 16)).toString('hex') === CANON_PREVIEW
    if (isPreview) found.push(await jpegWithin(bytes, start + 16, Math.min(end, start + 1024)).catch(() => null))
  }
  return { exif: await factsOfTiff(...tiffs), jpeg: largest(found), width: null, height: null, bitDepth: null }
}

async function sampleOf(bytes: Bytes, trak: Buffer): Promise<EmbeddedJpeg | null> {
  const table = ['mdia', 'minf', 'stbl'].reduce((content: Buffer, name) => child(content, name), trak)
  const [sizes, places] = [child(table, 'stsz'), child(table, 'co64')]
  return jpegAt(bytes, Number(places.readBigUInt64BE(8)), sizes.readUInt32BE(4) || sizes.readUInt32BE(12))
}

function child(content: Buffer, name: string): Buffer {
  const box = boxesIn(content).find(({ type }) => type === name)
  if (!box) throw damaged()
  return content.subarray(box.start, box.end)
}

/** `PRVW`: some numbers, and the JPEG's length before it. */
async function jpegWithin(bytes: Bytes, start: number, end: number): Promise<EmbeddedJpeg | null> {
  const head = await bytes.read(start, end - start)
  const at = head.indexOf(Buffer.from([0xff, 0xd8, 0xff]))
  return at < 4 ? null : jpegAt(bytes, start + at, head.readUInt32BE(at - 4))
}
