import { MediaError } from '../../../ports/media-engine.ts'
import { type Bytes, bytesOf, damaged, incomplete, partOf } from './bytes.ts'
import { type EmbeddedJpeg, jpegAt } from './embedded-jpeg.ts'
import { type ExifFacts, factsOfTiff, factsOfXmp, merged } from './exif.ts'

/** What a Photoshop file says before its layers (Adobe, Photoshop File Formats Specification). */
export interface PhotoshopFile {
  readonly width: number
  readonly height: number
  readonly bitDepth: number
  readonly colorSpace: string
  /** Whether the whole picture, merged, can be decoded by ffmpeg: neither PSB nor CMYK, Lab or 32 bits, nor saved without it. */
  readonly isDecodable: boolean
  /** The fourth channel of the merged picture is transparency, and not a saved selection. */
  readonly hasTransparency: boolean
  readonly profile: Buffer | null
  readonly thumbnail: EmbeddedJpeg | null
  readonly exif: ExifFacts
}

export const onlyInLayers = () =>
  new MediaError('This Photoshop file holds no merged picture that can be shown here: save it in RGB as PSD with “Maximize compatibility”, or export it as PNG or TIFF.')

/** Resources by number. */
const THUMBNAIL = 1036
const PROFILE = 1039
const VERSION_INFO = 1057
const EXIF = 1058
const XMP = 1060

const MODES = ['b-w', 'b-w', 'srgb', 'srgb', 'cmyk', '', '', 'multichannel', 'b-w', 'lab']
const MODES_OF_FFMPEG = [0, 1, 2, 3, 8]
const MOST_RESOURCE_BYTES = 32 * 1024 ** 2
/** Photoshop writes some dozens. */
const MOST_RESOURCES = 10_000
const THUMBNAIL_HEADER = 28

export async function readPhotoshop(bytes: Bytes): Promise<PhotoshopFile> {
  const head = await bytes.read(0, 30)
  const [isLarge, depth, mode] = [head.readUInt16BE(4) === 2, head.readUInt16BE(22), head.readUInt16BE(24)]
  const resourcesAt = 30 + head.readUInt32BE(26)
  const length = (await bytes.read(resourcesAt, 4)).readUInt32BE(0)
  if (length > MOST_RESOURCE_BYTES) throw damaged()
  const content = await bytes.read(resourcesAt + 4, length)
  const resources = resourcesIn(content)
  const isMerged = resources.get(VERSION_INFO)?.bytes[4] !== 0
  return {
    width: head.readUInt32BE(18),
    height: head.readUInt32BE(14),
    bitDepth: depth,
    colorSpace: MODES[mode] ?? '',
    isDecodable: !isLarge && isMerged && depth <= 16 && MODES_OF_FFMPEG.includes(mode),
    hasTransparency: await isFirstAlphaTransparency(bytes, resourcesAt + 4 + length, isLarge).catch(() => false),
    profile: resources.get(PROFILE)?.bytes ?? null,
    thumbnail: await thumbnailIn(partOf(bytes, resourcesAt + 4), resources),
    exif: await exifIn(resources),
  }
}

/** Its place counts from the file's start again. */
async function thumbnailIn(content: Bytes & { readonly start: number }, resources: Resources): Promise<EmbeddedJpeg | null> {
  const picture = resources.get(THUMBNAIL)
  const jpeg = picture && (await jpegAt(content, picture.at + THUMBNAIL_HEADER, picture.bytes.length - THUMBNAIL_HEADER))
  return jpeg ? { ...jpeg, offset: content.start + jpeg.offset } : null
}

async function exifIn(resources: Resources): Promise<ExifFacts> {
  const exif = await factsOfTiff(bytesOf(resources.get(EXIF)?.bytes ?? Buffer.alloc(0)))
  return merged(exif, factsOfXmp(resources.get(XMP)?.bytes))
}

interface Resource {
  readonly at: number
  readonly bytes: Buffer
}

type Resources = ReadonlyMap<number, Resource>

function resourcesIn(content: Buffer): Resources {
  const resources = new Map<number, Resource>()
  let left = MOST_RESOURCES
  for (let at = 0; at + 12 <= content.length; left -= 1) {
    if (left === 0) throw damaged()
    const id = content.readUInt16BE(at + 4)
    // A name with its length before it, filled up to an even number of bytes; so is the content.
    const sizeAt = at + 6 + even((content[at + 6] ?? 0) + 1)
    if (sizeAt + 4 > content.length) break
    const start = sizeAt + 4
    const end = start + content.readUInt32BE(sizeAt)
    if (end > content.length) throw incomplete()
    resources.set(id, { at: start, bytes: content.subarray(start, end) })
    at = start + even(end - start)
  }
  return resources
}

const even = (length: number) => length + (length % 2)

/** The layers' count is negative then. Large documents write lengths of eight bytes. */
async function isFirstAlphaTransparency(bytes: Bytes, layersAt: number, isLarge: boolean): Promise<boolean> {
  const wide = isLarge ? 8 : 4
  const head = await bytes.read(layersAt, 2 * wide + 2)
  return head.subarray(0, 2 * wide).some((each) => each !== 0) && head.readInt16BE(2 * wide) < 0
}
