import { MediaError } from '../../ports/media-engine.ts'
import type { StillKind } from '../../ports/still-decoder.ts'
import { type Bytes, withBytes } from './formats/bytes.ts'
import { isRawTiff } from './formats/raw.ts'
import { looksLikeTga } from './formats/tga.ts'

/** `bitmap`: what libvips reads by itself. */
export type PictureKind = 'bitmap' | 'drawing' | 'heic' | 'raw' | 'raf' | 'cr3' | 'radiance' | Exclude<StillKind, 'hevc'>

export interface Input {
  readonly source: string
  readonly kind: PictureKind
}

/** Drawings are small; one of more is a way to keep a server busy. */
const MOST_SVG_BYTES = 16 * 1024 ** 2

/** Comments and declarations may come before a drawing's first tag of its own. */
const BEGINNING = 64 * 1024

const MAGIC: readonly (readonly [kind: PictureKind | 'tiff' | 'mixed', pattern: RegExp])[] = [
  ['bitmap', /^\xff\xd8\xff/],
  ['bitmap', /^\x89PNG\r\n\x1a\n/],
  ['bitmap', /^GIF8[79]a/],
  ['bitmap', /^RIFF....WEBP/s],
  ['tiff', /^(?:II[*+]\0|MM\0[*+]|IIR[OS]|MMOR|IIU\0)/],
  ['bitmap', /^....ftypavi[fs]/s],
  ['mixed', /^....ftyp(?:mif1|msf1)/s],
  ['heic', /^....ftyp(?:heic|heix|heim|heis|hevc|hevx)/s],
  ['cr3', /^....ftypcrx /s],
  ['raf', /^FUJIFILMCCD-RAW /],
  ['exr', /^v\/1\x01/],
  ['radiance', /^#\?(?:RADIANCE|RGBE)\b/],
  ['psd', /^8BPS\0[\x01\x02]/],
  ['dpx', /^(?:SDPX|XPDS)/],
  ['jpeg2000', /^(?:\0\0\0\x0cjP {2}\r\n\x87\n|\xff\x4f\xff\x51)/],
  ['jpegxl', /^(?:\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n)/],
  ['dds', /^DDS \x7c\0\0\0/],
  ['bmp', /^BM.{4}\0{4}/s],
  // A byte order mark and white space may come before the first tag.
  ['drawing', /^(?:\xef\xbb\xbf)?\s*</],
]

/** What is known, and not decoded here. */
const OTHERS: readonly (readonly [pattern: RegExp, name: string, instead: string])[] = [
  [/^(?:%PDF-|%!PS|\xc5\xd0\xd3\xc6)/, 'Illustrator, PDF and PostScript files', 'PNG, TIFF or SVG'],
  [/^gimp xcf/, 'GIMP files', 'PNG or TIFF'],
  [/^PK\x03\x04/, 'Files of Krita, Procreate and the like', 'PNG or TIFF'],
  [/^(?:FOVb|\0MRM|.{6}HEAPCCDR)/s, 'Camera raws of this kind', 'JPEG, TIFF or DNG'],
  [/^(?:\0\0[\x01\x02]\0|\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF)/s, 'Icons and metafiles', 'PNG'],
]

const unsupported = () => new MediaError('This kind of picture is not supported.')

/** Judges a picture by its first bytes, and only where those say nothing by its last. */
export const inputOf = (source: string, signal: AbortSignal): Promise<Input> =>
  withBytes(
    source,
    async (bytes) => {
      if (bytes.size === 0) throw new MediaError('The file is empty.')
      const beginning = (await bytes.read(0, Math.min(BEGINNING, bytes.size))).toString('latin1')
      return { source, kind: await kindOf(bytes, beginning) }
    },
    signal,
  )

async function kindOf(bytes: Bytes, beginning: string): Promise<PictureKind> {
  const kind = MAGIC.find(([, pattern]) => pattern.test(beginning))?.[0]
  if (kind === 'tiff') return (await isRawTiff(bytes)) ? 'raw' : 'bitmap'
  if (kind === 'mixed') return isHeic(beginning) ? 'heic' : 'bitmap'
  if (kind === 'drawing') return assertDrawing(bytes, beginning)
  if (kind !== undefined) return kind
  const other = OTHERS.find(([pattern]) => pattern.test(beginning))
  if (other) throw new MediaError(`${other[1]} cannot be shown here: export it as ${other[2]}.`)
  if (await looksLikeTga(bytes)) return 'tga'
  throw unsupported()
}

/** Both AVIF and HEIC may call themselves after what they have in common; then the further brands tell. */
function isHeic(beginning: string): boolean {
  const end = Buffer.from(beginning.slice(0, 4), 'latin1').readUInt32BE(0)
  return !/avi[fs]/.test(beginning.slice(16, Math.min(end, 256)))
}

function assertDrawing(bytes: Bytes, beginning: string): PictureKind {
  if (bytes.size > MOST_SVG_BYTES) throw new MediaError('The drawing is larger than allowed: more than 16 MB.')
  if (!beginning.includes('<svg')) throw unsupported()
  return 'drawing'
}
