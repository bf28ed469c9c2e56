import type { Metadata } from 'sharp'

/** What a decoder streams is held in some hundred lines. */
const LINES_AT_ONCE = 1024

const bytesPerSample: Readonly<Record<string, number>> = { uchar: 1, char: 1, ushort: 2, short: 2 }
/** Of formats that are never streamed. */
const bytesPerPixel: Readonly<Record<string, number>> = { heif: 20, gif: 5, webp: 5 }

/**
 * About how much memory it takes to decode a picture, in bytes, by its header. JPEG and PNG are streamed, unless they come in passes: then the picture
 * stands in memory whole (a JPEG as coefficients of two bytes). The factors were measured with libvips 8.18: 64 megapixels of AVIF took 1.1 GB.
 */
export function bytesToDecode({ format, width, height, channels, depth, isProgressive, chromaSubsampling }: Metadata): number {
  const perPixel = channels * (bytesPerSample[depth] ?? 4)
  if (format === 'jpeg' && isProgressive) return width * height * (chromaSubsampling === '4:2:0' ? 3 : 2 * channels)
  const isStreamed = (format === 'jpeg' || format === 'png') && !isProgressive
  return width * (isStreamed ? Math.min(height, LINES_AT_ONCE) : height) * (bytesPerPixel[format] ?? perPixel)
}
