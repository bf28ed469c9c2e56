import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import pLimit from 'p-limit'
import type { Metadata, Sharp, SharpOptions } from 'sharp'
import type { ImageEngine, ImageInfo, Region, RenditionOrder } from '../../ports/image-engine.ts'
import type { RenderedImage } from '../../ports/media-engine.ts'
import { createDraughtsman, type DrawingFacts, LONGEST_SIDE } from './drawing.ts'
import { decoded, needsMuchMemory, tooLarge } from './faults.ts'
import { bytesToDecode } from './memory.ts'
import { MOST_PIXELS, READING } from './reading.ts'
import { inputOf, type Input } from './sniff.ts'

type Open = (input: string | Buffer, options?: SharpOptions) => Sharp

const LONGEST_SECONDS = 60
/** Pictures at once. Some, as interlaced PNG, must stand in memory whole. */
const AT_ONCE = 2
/** What takes more than this to decode is decoded in a process of its own. */
const MOST_BYTES_HERE = 64 * 1024 ** 2
/** And what takes more than this is refused where the order is tight. */
const MOST_BYTES_TIGHT = 160 * 1024 ** 2

const LOADERS = ['JpegFile', 'JpegBuffer', 'PngFile', 'PngBuffer', 'NsgifFile', 'NsgifBuffer', 'WebpFile', 'WebpBuffer', 'TiffFile', 'TiffBuffer', 'HeifFile', 'HeifBuffer']

/** libvips and its 27 MB are loaded with the first picture. `longestDrawingSeconds`: for what is decoded in a process of its own, for tests. */
export function createSharp({ longestDrawingSeconds }: { readonly longestDrawingSeconds?: number } = {}): ImageEngine {
  const limit = pLimit(AT_ONCE)
  const draughtsman = createDraughtsman({ slots: AT_ONCE, longestSeconds: longestDrawingSeconds })
  let loaded: Promise<Open> | undefined
  const using = <T>(source: string, task: (input: Input) => Promise<T>) => limit(async () => task(await inputOf(source)))
  const open = async (path: string) => (await (loaded ??= load()))(path, READING)
  return {
    read: (source) =>
      using(source, async ({ isDrawing }) => (isDrawing ? describeDrawing(await draughtsman.facts(source)) : describe(await decoded((await open(source)).metadata())))),
    rendition: (order) =>
      using(order.source, async ({ source, isDrawing }) => {
        if (!isDrawing && (await canDecodeHere(await open(source), order))) return render(await open(source), order)
        const path = `${order.target}.drawn.png`
        await mkdir(dirname(path), { recursive: true })
        try {
          const bitmap = { path, maxSize: order.region ? LONGEST_SIDE : order.maxSize }
          await draughtsman.draw({ source, isDrawing, isTight: order.isTight ?? false, bitmap, signal: order.signal })
          return await render(await open(path), order)
        } finally {
          await rm(path, { force: true })
        }
      }),
  }
}

async function canDecodeHere(picture: Sharp, { isTight = false }: RenditionOrder): Promise<boolean> {
  const metadata = await decoded(picture.metadata())
  if (metadata.width * metadata.height > MOST_PIXELS) throw tooLarge()
  const bytes = bytesToDecode(metadata)
  if (isTight && bytes > MOST_BYTES_TIGHT) throw needsMuchMemory()
  return bytes <= MOST_BYTES_HERE
}

/** Only what is unblocked here is ever decoded, and in this process no drawing. */
async function load(): Promise<Open> {
  const { default: sharp } = await import('sharp')
  sharp.cache(false)
  sharp.concurrency(1)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: LOADERS.map((name) => `VipsForeignLoad${name}`) })
  return sharp
}

const describeDrawing = ({ space, width, height }: DrawingFacts): ImageInfo => ({ format: 'svg', width, height, colorSpace: space, pages: 1, createdAt: null, camera: null })

function describe(metadata: Metadata): ImageInfo {
  const { width, height } = metadata.autoOrient
  if (width * height > MOST_PIXELS) throw tooLarge()
  return {
    format: metadata.format === 'heif' && metadata.compression === 'av1' ? 'avif' : metadata.format,
    width,
    height,
    colorSpace: metadata.space ?? null,
    pages: metadata.pages ?? 1,
    // Date and camera stand in EXIF, which sharp hands over unread.
    createdAt: null,
    camera: null,
  }
}

async function render(picture: Sharp, { target, maxSize, region, signal }: RenditionOrder): Promise<RenderedImage> {
  signal.throwIfAborted()
  const upright = picture.autoOrient()
  const rendered = (region ? upright.extract(await pixelsOf(picture, region)) : upright)
    .resize({ width: maxSize, height: maxSize, fit: 'inside', withoutEnlargement: true })
    // JPEG has no transparency, and what is drawn on it is mostly dark.
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .jpeg({ quality: 84, progressive: true })
    .timeout({ seconds: LONGEST_SECONDS })
    .toBuffer({ resolveWithObject: true })
  const { data, info } = await decoded(rendered)
  signal.throwIfAborted()
  await writeWhole(target, data)
  return { path: target, width: info.width, height: info.height }
}

/** At least one pixel, inside the picture. */
async function pixelsOf(picture: Sharp, { x, y, width, height }: Region) {
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
