import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import pLimit from 'p-limit'
import type { Metadata, Sharp } from 'sharp'
import type { ImageEngine, ImageInfo, Pixels, Region, RenditionOrder } from '../../ports/image-engine.ts'
import type { RenderedImage } from '../../ports/media-engine.ts'
import type { StillDecoder } from '../../ports/still-decoder.ts'
import { createDraughtsman, type DrawingFacts, LONGEST_SIDE } from './drawing.ts'
import { type ExifFacts, factsOfExif, factsOfXmp, merged, NOTHING_SAID } from './formats/exif.ts'
import { decoded, needsMuchMemory, tooLarge } from './faults.ts'
import { bytesToDecode } from './memory.ts'
import { MOST_PIXELS } from '../picture-limits.ts'
import { whenFree } from '../run.ts'
import { READING } from './reading.ts'
import { inputOf, type Input } from './sniff.ts'
import { createStills, type StillPicture } from './stills.ts'

type Open = typeof import('sharp').default
type Raw = { readonly width: number; readonly height: number; readonly channels: 3 | 4 }

const LONGEST_SECONDS = 60
/** Pictures at once. Some, as interlaced PNG, must stand in memory whole. */
const AT_ONCE = 2
/** What takes more than this to decode is decoded in a process of its own. */
const MOST_BYTES_HERE = 64 * 1024 ** 2
/** And what takes more than this is refused where the order is tight. */
const MOST_BYTES_TIGHT = 160 * 1024 ** 2

const LOADERS = ['JpegFile', 'JpegBuffer', 'PngFile', 'PngBuffer', 'NsgifFile', 'NsgifBuffer', 'WebpFile', 'WebpBuffer', 'TiffFile', 'TiffBuffer', 'HeifFile', 'HeifBuffer']

interface Options {
  /** For what is decoded in a process of its own, for tests. */
  readonly longestDrawingSeconds?: number
  /** Without it, kinds that need ffmpeg are refused in words. */
  readonly stills?: StillDecoder
}

/** libvips and its 27 MB are loaded with the first picture. */
export function createSharp({ longestDrawingSeconds, stills: decoder }: Options = {}): ImageEngine {
  const slots = pLimit(AT_ONCE)
  // A still waits for another program too: it must hold nobody up who needs libvips alone.
  const slotsOfStills = pLimit(AT_ONCE)
  const draughtsman = createDraughtsman({ slots: AT_ONCE, longestSeconds: longestDrawingSeconds })
  let loaded: Promise<Open> | undefined
  const load = async () => (loaded ??= loadSharp())
  const open = async (path: string) => (await load())(path, READING)
  const bitmapOf = async (data: Uint8Array, raw: Raw) => (await load())(data, { raw })
  const stills = createStills({ decoder, bitmapOf, displayP3: async () => profileP3(await load()) })

  const renderBitmap = async (order: RenditionOrder, isDrawing = false): Promise<RenderedImage> => {
    const rendered = (source: string) => whenFree(slots, order.signal, async () => render(await open(source), order))
    const isEasy = !isDrawing && (await whenFree(slots, order.signal, async () => canDecodeHere(await open(order.source), order)))
    if (isEasy) return rendered(order.source)
    const path = `${order.target}.drawn.png`
    try {
      const bitmap = { path, maxSize: order.region ? LONGEST_SIDE : order.maxSize }
      await draughtsman.draw({ source: order.source, isDrawing, isTight: order.isTight ?? false, bitmap, signal: order.signal })
      return await rendered(path)
    } finally {
      await rm(path, { force: true })
    }
  }
  const renderStill = async (input: Input & { readonly kind: StillPicture }, order: RenditionOrder): Promise<RenderedImage> => {
    const { target, region, isTight = false, signal } = order
    const development = { target, maxSize: region ? LONGEST_SIDE : order.maxSize, isTight, signal }
    const source = await whenFree(slotsOfStills, signal, () => stills.develop(input, development))
    try {
      return await renderBitmap({ ...order, source })
    } finally {
      await rm(source, { force: true })
    }
  }

  return {
    async read(source, signal = new AbortController().signal) {
      const { kind } = await inputOf(source, signal)
      if (kind === 'drawing') return describeDrawing(await draughtsman.facts(source, signal))
      if (kind === 'bitmap') return whenFree(slots, signal, async () => describe(await decoded((await open(source)).metadata())))
      return whenFree(slotsOfStills, signal, () => stills.read({ source, kind }, signal))
    },
    async rendition(order) {
      const { source, kind } = await inputOf(order.source, order.signal)
      await mkdir(dirname(order.target), { recursive: true })
      return kind === 'bitmap' || kind === 'drawing' ? renderBitmap(order, kind === 'drawing') : renderStill({ source, kind }, order)
    },
    pixels: (source, maxSize) => slots(async () => pixelsOf(await open(source), maxSize)),
    draw: ({ data, width, height }, target) =>
      slots(async () => {
        if (data.length !== width * height * 4) throw new RangeError('Four bytes to a pixel are needed')
        const png = (await load())(data, { raw: { width, height, channels: 4 } }).png({ compressionLevel: 9 })
        await writeWhole(target, await png.toBuffer())
        return { path: target, width, height }
      }),
  }
}

/** libvips has it at hand for what it writes. */
async function profileP3(sharp: Open): Promise<Buffer> {
  const png = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000000' } }).withIccProfile('p3').png().toBuffer()
  return (await sharp(png).metadata()).icc ?? Buffer.alloc(0)
}

async function pixelsOf(picture: Sharp, maxSize: number): Promise<Pixels> {
  const small = picture.autoOrient().resize({ width: maxSize, height: maxSize, fit: 'inside', withoutEnlargement: true }).flatten({ background: '#ffffff' }).toColourspace('srgb')
  const { data, info } = await decoded(small.raw({ depth: 'uchar' }).timeout({ seconds: LONGEST_SECONDS }).toBuffer({ resolveWithObject: true }))
  return { data, width: info.width, height: info.height }
}

async function canDecodeHere(picture: Sharp, { isTight = false }: RenditionOrder): Promise<boolean> {
  const metadata = await decoded(picture.metadata())
  if (metadata.width * metadata.height > MOST_PIXELS) throw tooLarge()
  const bytes = bytesToDecode(metadata)
  if (isTight && bytes > MOST_BYTES_TIGHT) throw needsMuchMemory()
  return bytes <= MOST_BYTES_HERE
}

/** Only what is unblocked here is ever decoded, and in this process no drawing. */
async function loadSharp(): Promise<Open> {
  const { default: sharp } = await import('sharp')
  sharp.cache(false)
  sharp.concurrency(1)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: LOADERS.map((name) => `VipsForeignLoad${name}`) })
  return sharp
}

const describeDrawing = ({ space, width, height }: DrawingFacts): ImageInfo => ({ format: 'svg', width, height, colorSpace: space, pages: 1, createdAt: null, camera: null, lens: null, bitDepth: null })

async function describe(metadata: Metadata): Promise<ImageInfo> {
  const { width, height } = metadata.autoOrient
  if (width * height > MOST_PIXELS) throw tooLarge()
  const { createdAt, camera, lens } = await photoOf(metadata)
  return {
    format: metadata.format === 'heif' && metadata.compression === 'av1' ? 'avif' : metadata.format,
    width,
    height,
    colorSpace: metadata.space ?? null,
    pages: metadata.pages ?? 1,
    createdAt,
    camera,
    lens,
    bitDepth: metadata.bitsPerSample ?? BITS[metadata.depth] ?? null,
  }
}

async function photoOf({ exif, xmp }: Metadata): Promise<ExifFacts> {
  return merged(exif ? await factsOfExif(exif) : NOTHING_SAID, factsOfXmp(xmp))
}

const BITS: Readonly<Record<string, number>> = { uchar: 8, char: 8, ushort: 16, short: 16, int: 32, uint: 32, float: 32, double: 64 }

async function render(picture: Sharp, { target, maxSize, region, signal }: RenditionOrder): Promise<RenderedImage> {
  signal.throwIfAborted()
  const { hasProfile } = await decoded(picture.metadata())
  const upright = picture.autoOrient()
  const shown = (region ? upright.extract(await areaOf(picture, region)) : upright)
    .resize({ width: maxSize, height: maxSize, fit: 'inside', withoutEnlargement: true })
    // JPEG has no transparency, and what is drawn on it is mostly dark.
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
  // Of 16 bits with a profile sharp makes Display P3 on its way, and leaves it at that unless asked; those without one it would take for P3 then.
  const rendered = (hasProfile ? shown.withIccProfile('srgb', { attach: false }) : shown)
    .jpeg({ quality: 84, progressive: true })
    .timeout({ seconds: LONGEST_SECONDS })
    .toBuffer({ resolveWithObject: true })
  const { data, info } = await decoded(rendered)
  signal.throwIfAborted()
  await writeWhole(target, data)
  return { path: target, width: info.width, height: info.height }
}

/** At least one pixel, inside the picture. */
async function areaOf(picture: Sharp, { x, y, width, height }: Region) {
  const { autoOrient: whole } = await decoded(picture.metadata())
  const along = (start: number, length: number, all: number) => {
    const first = Math.min(all - 1, Math.max(0, Math.floor(start * all)))
    return [first, Math.max(1, Math.min(all, Math.ceil((start + length) * all)) - first)] as const
  }
  const [left, across] = along(x, width, whole.width)
  const [top, down] = along(y, height, whole.height)
  return { left, top, width: across, height: down }
}

async function writeWhole(target: string, data: Buffer) {
  const part = `${target}.part`
  await mkdir(dirname(target), { recursive: true })
  try {
    await writeFile(part, data)
    await rename(part, target)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}
