import { type Bytes, bytesOf, partOf } from './bytes.ts'
import { type Directory, openTiff, printable } from './tiff-directory.ts'

/** Where it was taken is never read. */
export interface ExifFacts {
  readonly createdAt: string | null
  readonly camera: string | null
  readonly lens: string | null
  /** As EXIF counts, 1..8; null = not said. */
  readonly orientation: number | null
}

export const NOTHING_SAID: ExifFacts = { createdAt: null, camera: null, lens: null, orientation: null }

/** EXIF 2.32, JEITA CP-3451. */
const TAG = {
  make: 0x10f, model: 0x110, orientation: 0x112, dateTime: 0x132, exif: 0x8769,
  taken: 0x9003, digitized: 0x9004, offset: 0x9010, offsetTaken: 0x9011, offsetDigitized: 0x9012, lens: 0xa434, lensMake: 0xa433,
} as const // prettier-ignore

/** What an EXIF block says, with or without the word that stands before it in a JPEG. What is damaged says nothing. */
export async function factsOfExif(block: Buffer): Promise<ExifFacts> {
  const start = block.subarray(0, 6).toString('latin1') === 'Exif\0\0' ? 6 : 0
  return factsOfTiff(partOf(bytesOf(block), start))
}

/** The same of several TIFFs, the first that says something counts. A damaged one says nothing. */
export async function factsOfTiff(...blocks: readonly Bytes[]): Promise<ExifFacts> {
  const directories: Directory[] = []
  for (const bytes of blocks) await addDirectories(bytes, directories).catch(() => undefined) // what was read before stays
  const text = (tag: number) => first(directories, (each) => each.text(tag))
  const [make, model, lens, lensMake] = [await text(TAG.make), await text(TAG.model), await text(TAG.lens), await text(TAG.lensMake)]
  const orientation = await first(directories, async (each) => (await each.numbers(TAG.orientation))[0] ?? null)
  return {
    createdAt: await timeIn(text),
    camera: joined(make, model),
    lens: /^[-\s.]*$/.test(lens ?? '') ? null : joined(lensMake, lens),
    orientation: orientation !== null && ORIENTATIONS.has(orientation) ? orientation : null,
  }
}

const ORIENTATIONS = new Set([1, 2, 3, 4, 5, 6, 7, 8])

async function addDirectories(bytes: Bytes, directories: Directory[]) {
  const tiff = await openTiff(bytes)
  const main = await tiff.directory(tiff.first)
  directories.push(main)
  const [exif] = await main.numbers(TAG.exif)
  if (exif !== undefined) directories.push(await tiff.directory(exif))
}

async function first<T>(directories: readonly Directory[], read: (directory: Directory) => Promise<T | null>): Promise<T | null> {
  for (const each of directories) {
    const found = await read(each).catch(() => null)
    if (found !== null) return found
  }
  return null
}

/** When it was taken, else digitized, else saved; each with the zone that stands beside it. */
async function timeIn(text: (tag: number) => Promise<string | null>): Promise<string | null> {
  for (const [at, zone] of [[TAG.taken, TAG.offsetTaken], [TAG.digitized, TAG.offsetDigitized], [TAG.dateTime, TAG.offset]] as const) {
    const time = isoTime((await text(at)) ?? '', (await text(zone)) ?? '')
    if (time !== null) return time
  }
  return null
}

/** In UTC. Most cameras know no zone: then their clock is taken for UTC, as in films. */
function isoTime(written: string, zone: string): string | null {
  const parts = /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?/.exec(written)
  if (!parts) return null
  const [, year, month, day, hours, minutes, seconds = '00'] = parts
  const time = new Date(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}${/^[+-]\d\d:\d\d$/.test(zone) ? zone : 'Z'}`)
  // Clocks that were never set write their epoch.
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() <= 1970 ? null : time.toISOString()
}

/** `Canon EOS R5`, `NIKON CORPORATION NIKON D70` as `NIKON D70`: the maker once, then the model. */
function joined(make: string | null, model: string | null): string | null {
  if (make === null || model === null) return model ?? make
  const [maker = make] = make.split(' ')
  return model.toLowerCase().startsWith(maker.toLowerCase()) ? model : `${make} ${model}`
}

/** What is wanted stands at its beginning; behind it lie histories and depth maps of megabytes. */
const MOST_XMP_BYTES = 1024 ** 2

/** XMP has it as attribute or as element. Read without an XML parser: three words are wanted, and entities are nobody's camera. */
export function factsOfXmp(block: Buffer | undefined): ExifFacts {
  const xmp = block?.toString('utf8', 0, MOST_XMP_BYTES) ?? ''
  const value = (name: string) => printable(new RegExp(`\\b${name}(?:="([^"<>&]{1,200})"|='([^'<>&]{1,200})'|>([^<>&]{1,200})<)`).exec(xmp)?.slice(1).find((each) => each !== undefined) ?? '')
  const written = value('exif:DateTimeOriginal') ?? value('xmp:CreateDate') ?? value('photoshop:DateCreated')
  const zone = /([+-]\d\d:\d\d)$/.exec(written ?? '')?.[1] ?? ''
  return {
    createdAt: isoTime(written ?? '', zone),
    camera: joined(value('tiff:Make'), value('tiff:Model')),
    lens: value('aux:Lens') ?? value('exifEX:LensModel'),
    orientation: null,
  }
}

export const merged = (facts: ExifFacts, others: ExifFacts): ExifFacts => ({
  createdAt: facts.createdAt ?? others.createdAt,
  camera: facts.camera ?? others.camera,
  lens: facts.lens ?? others.lens,
  orientation: facts.orientation ?? others.orientation,
})
