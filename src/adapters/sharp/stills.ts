import { rm } from 'node:fs/promises'
import type { Sharp } from 'sharp'
import type { ImageInfo } from '../../ports/image-engine.ts'
import { MediaError } from '../../ports/media-engine.ts'
import type { StillDecoder, StillFacts, StillKind } from '../../ports/still-decoder.ts'
import { type Bytes, withBytes } from './formats/bytes.ts'
import { LONGEST_SIDE } from './drawing.ts'
import { type EmbeddedJpeg, writeUpright } from './formats/embedded-jpeg.ts'
import { assertWholeExr } from './formats/exr.ts'
import { type ExifFacts, NOTHING_SAID } from './formats/exif.ts'
import { needsMuchMemory, tooLarge } from './faults.ts'
import { type HeifPicture, readHeif } from './formats/heif.ts'
import { onlyInLayers, type PhotoshopFile, readPhotoshop } from './formats/photoshop.ts'
import { addProfile } from './formats/png-profile.ts'
import { decodeRadiance, readRadianceHeader } from './formats/radiance.ts'
import { noPreview, type RawFile, readCr3, readRaf, readRawTiff } from './formats/raw.ts'
import { MOST_PIXELS } from '../picture-limits.ts'
import type { Input, PictureKind } from './sniff.ts'
import { readTga } from './formats/tga.ts'

const MOST_TIGHT_PIXELS = 32_000_000

export type StillPicture = Exclude<PictureKind, 'bitmap' | 'drawing'>

export interface Development {
  /** What is written begins with it; the caller removes what is answered. */
  readonly target: string
  readonly maxSize: number
  readonly isTight: boolean
  readonly signal: AbortSignal
}

/** Pictures that libvips does not read, made into ones that it does. */
export interface Stills {
  read(input: Input & { readonly kind: StillPicture }, signal: AbortSignal): Promise<ImageInfo>
  develop(input: Input & { readonly kind: StillPicture }, order: Development): Promise<string>
}

interface Needs {
  readonly decoder: StillDecoder | undefined
  /** Of pixels as they are. */
  readonly bitmapOf: (data: Uint8Array, raw: { readonly width: number; readonly height: number; readonly channels: 3 }) => Promise<Sharp>
  /** Display P3, for pictures that name it by number. */
  readonly displayP3: () => Promise<Buffer>
}

type Kind<T> = {
  readonly read: (source: string, signal: AbortSignal) => Promise<T>
  readonly info: (facts: T) => ImageInfo
  readonly develop: (source: string, facts: T, order: Development) => Promise<string>
}

export function createStills(needs: Needs): Stills {
  const kinds: Readonly<Record<StillPicture, Bound>> = {
    heic: bind(heic(needs)), raw: bind(raw(readRawTiff)), raf: bind(raw(readRaf)), cr3: bind(raw(readCr3)), radiance: bind(radiance(needs)), psd: bind(photoshop(needs)),
    bmp: bind(decoded(needs, 'bmp', 'bmp')), exr: bind(exr(needs)), dpx: bind(decoded(needs, 'dpx', 'dpx')), dds: bind(decoded(needs, 'dds', 'dds')),
    jpeg2000: bind(decoded(needs, 'jpeg2000', 'jp2')), jpegxl: bind(decoded(needs, 'jpegxl', 'jxl')),
    tga: bind({ ...decoded(needs, 'tga', 'tga'), read: (source, signal) => withBytes(source, readTga, signal) }),
  } // prettier-ignore
  return {
    read: ({ source, kind }, signal) => kinds[kind].read(source, signal),
    develop: ({ source, kind }, order) => kinds[kind].develop(source, order),
  }
}

function decoding({ decoder }: Needs): StillDecoder {
  if (!decoder) throw new MediaError('This kind of picture cannot be decoded here, without ffmpeg: export it as JPEG, PNG or TIFF.')
  return decoder
}

const bounded = ({ target, ...order }: Development) => ({ ...order, target: `${target}.decoded.png`, maxSize: Math.min(order.maxSize, LONGEST_SIDE) })

const heic = (needs: Needs): Kind<HeifPicture> => ({
  read: (source, signal) => withBytes(source, readHeif, signal),
  info: ({ width, height, bitDepth, exif }) => infoOf({ format: 'heic', width, height, bitDepth, exif }),
  async develop(source, _facts, order) {
    const stream = `${order.target}.hevc`
    try {
      // Read once more: its bytes are at hand as long as the file is open.
      const write = async (bytes: Bytes) => {
        const picture = await readHeif(bytes)
        await picture.write(stream, order.signal)
        return picture
      }
      const { tiles, steps, matrix, isFullRange, profile } = await withBytes(source, write, order.signal)
      const coding = { ...(matrix !== undefined && { matrix }), ...(isFullRange !== undefined && { isFullRange }) }
      const { path } = await decoding(needs).decode({ ...bounded(order), source: stream, kind: 'hevc', tiles, steps, ...coding })
      await profiled(path, profile === 'p3' ? await needs.displayP3() : profile, order.signal)
      return path
    } finally {
      await rm(stream, { force: true })
    }
  },
})

const profiled = (path: string, profile: Buffer | null, signal: AbortSignal) => whole(path, async () => profile && addProfile(path, profile, signal))

/** Answers the path that is worked on; nothing is left there when the work fails. */
async function whole(path: string, work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return path
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

const raw = (reading: typeof readRawTiff): Kind<RawFile> => ({
  read: (source, signal) => withBytes(source, reading, signal),
  info: infoOfRaw,
  async develop(source, { jpeg, exif }, order) {
    if (!jpeg) throw noPreview()
    return extract(source, { jpeg, orientation: exif.orientation }, order)
  },
})

function extract(source: string, { jpeg, orientation }: { readonly jpeg: EmbeddedJpeg; readonly orientation: number | null }, { target, signal }: Development): Promise<string> {
  const path = `${target}.preview.jpg`
  return whole(path, () => withBytes(source, (bytes) => writeUpright(bytes, jpeg, { path, orientation, signal }), signal))
}

const radiance = ({ bitmapOf }: Needs): Kind<{ readonly width: number; readonly height: number }> => ({
  read: readRadianceHeader,
  info: ({ width, height }) => infoOf({ format: 'hdr', width, height, bitDepth: 32 }),
  async develop(source, header, order) {
    // Decoded by this process: what takes more than a second is nothing to wait for.
    if (order.isTight && header.width * header.height > MOST_TIGHT_PIXELS) throw needsMuchMemory()
    const { target, maxSize, signal } = bounded(order)
    const { data, width, height } = await decodeRadiance(source, maxSize, signal)
    const picture = await bitmapOf(data, { width, height, channels: 3 })
    return whole(target, () => picture.png({ compressionLevel: 1 }).toFile(target))
  },
})

const photoshop = (needs: Needs): Kind<PhotoshopFile> => ({
  read: (source, signal) => withBytes(source, readPhotoshop, signal),
  info: (facts) => infoOf({ format: 'psd', ...facts }),
  async develop(source, { isDecodable, hasTransparency, profile, thumbnail }, order) {
    if (isDecodable) {
      const { path } = await decoding(needs).decode({ ...bounded(order), source, kind: 'psd', isOpaque: !hasTransparency })
      await profiled(path, profile, order.signal)
      return path
    }
    if (!thumbnail) throw onlyInLayers()
    return extract(source, { jpeg: thumbnail, orientation: 1 }, order)
  },
})

const decoded = (needs: Needs, kind: Exclude<StillKind, 'hevc' | 'psd'>, format: string): Kind<StillFacts> => ({
  read: (source, signal) => decoding(needs).facts({ source, kind, signal }),
  info: (facts) => infoOf({ format, ...facts }),
  develop: async (source, _facts, order) => (await decoding(needs).decode({ ...bounded(order), source, kind })).path,
})

const exr = (needs: Needs): Kind<StillFacts> => {
  const still = decoded(needs, 'exr', 'exr')
  return {
    ...still,
    async read(source, signal) {
      await withBytes(source, assertWholeExr, signal)
      return still.read(source, signal)
    },
  }
}

interface Bound {
  readonly read: (source: string, signal: AbortSignal) => Promise<ImageInfo>
  readonly develop: (source: string, order: Development) => Promise<string>
}

const bind = <T>({ read, info, develop }: Kind<T>): Bound => ({
  read: async (source, signal) => info(await read(source, signal)),
  develop: async (source, order) => {
    order.signal.throwIfAborted()
    const facts = await read(source, order.signal)
    info(facts)
    return develop(source, facts, order)
  },
})

interface Known {
  readonly format: string
  readonly width: number
  readonly height: number
  readonly bitDepth: number | null
  readonly colorSpace?: string | null
  readonly exif?: ExifFacts
}

function infoOf({ format, width, height, bitDepth, colorSpace = 'srgb', exif = NOTHING_SAID }: Known): ImageInfo {
  if (width * height > MOST_PIXELS) throw tooLarge()
  const { createdAt, camera, lens } = exif
  return { format, width, height, colorSpace, pages: 1, createdAt, camera, lens, bitDepth }
}

/** Its raw data's size where that is said, else its preview's. */
function infoOfRaw({ exif, jpeg, width, height, bitDepth }: RawFile): ImageInfo {
  if (!jpeg) throw noPreview()
  const isSaid = width !== null && height !== null && width * height >= jpeg.width * jpeg.height
  const size = isSaid ? { width, height } : jpeg
  const isOnItsSide = (exif.orientation ?? 1) >= 5
  return infoOf({ format: 'raw', width: isOnItsSide ? size.height : size.width, height: isOnItsSide ? size.width : size.height, bitDepth: isSaid ? bitDepth : null, exif })
}
