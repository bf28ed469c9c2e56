import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import pLimit from 'p-limit'
import type { Metadata, Sharp, SharpOptions } from 'sharp'
import type { ImageEngine, ImageInfo } from '../../ports/image-engine.ts'
import { MediaError, type RenderedImage } from '../../ports/media-engine.ts'
import { inputOf, type Input } from './sniff.ts'

type Open = (input: Input, options?: SharpOptions) => Sharp
type RenditionOrder = Parameters<ImageEngine['rendition']>[0]

/** 16,383 × 16,383: what libvips takes by itself, and more than any camera makes. */
const MOST_PIXELS = 16_383 ** 2
const LONGEST_SECONDS = 60
/** Pictures at once. Some, as interlaced PNG, must stand in memory whole. */
const AT_ONCE = 2

/**
 * `error` refuses pictures that are cut off or damaged, which would come out half grey;
 * `warning` (sharp's default) would refuse those with an odd tag too, which every other program shows.
 */
const READING: SharpOptions = { failOn: 'error', limitInputPixels: MOST_PIXELS, sequentialRead: true, pages: 1 }

const LOADERS = ['JpegFile', 'JpegBuffer', 'PngFile', 'PngBuffer', 'NsgifFile', 'NsgifBuffer', 'WebpFile', 'WebpBuffer', 'TiffFile', 'TiffBuffer', 'HeifFile', 'HeifBuffer', 'SvgBuffer']

/** libvips and its 27 MB are loaded with the first picture. */
export function createSharp(): ImageEngine {
  const limit = pLimit(AT_ONCE)
  let loaded: Promise<Open> | undefined
  const using = async <T>(source: string, task: (open: Open, input: Input) => Promise<T>) => {
    const open = await (loaded ??= load())
    return limit(async () => task(open, await inputOf(source)))
  }
  return {
    read: (source) => using(source, async (open, input) => describe(await decoded(open(input, READING).metadata()))),
    rendition: (order) => using(order.source, (open, input) => render(open(input, READING), order)),
  }
}

/** Only what is unblocked here is ever decoded; a drawing never from a file, whose folder it could read. */
async function load(): Promise<Open> {
  const { default: sharp } = await import('sharp')
  sharp.cache(false)
  sharp.concurrency(1)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: LOADERS.map((name) => `VipsForeignLoad${name}`) })
  return sharp
}

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

async function render(picture: Sharp, { target, maxSize, signal }: RenditionOrder): Promise<RenderedImage> {
  signal.throwIfAborted()
  const rendered = picture
    .autoOrient()
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

const tooLarge = () => new MediaError('The picture is larger than allowed: more than 268 megapixels.')

const decoded = <T>(decoding: Promise<T>): Promise<T> => decoding.catch((error: unknown) => Promise.reject(inPlainWords(error)))

/** libvips' messages are for those who know its parts; short memory is none of the file's faults. */
function inPlainWords(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (/pixel limit|too large|dimensions/i.test(error.message)) return tooLarge()
  if (/out of memory|unable to allocate/i.test(error.message)) return error
  if (/timeout/i.test(error.message)) return new MediaError('It took longer than allowed.')
  if (/unsupported image format|unsupported codec|no decoding plugin/i.test(error.message)) return new MediaError('This kind of picture is not supported.')
  return new MediaError('The picture is damaged: it cannot be decoded.')
}
