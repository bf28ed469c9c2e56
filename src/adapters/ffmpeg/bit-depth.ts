import type { StreamReport } from './report.ts'

/** Names of pixel formats whose depth is told by the name, and by which part of it; the others have 8 bits. */
const DEPTHS: readonly RegExp[] = [
  /^(?:yuva?4\d\dp|gbra?p|gray)f?(9|10|12|14|16|32)(?:le|be)?$/, // yuv420p10le, gbrpf32le, gray12
  /^p[024](10|12|16)(?:le|be)?$/, // p010le
  /^[xy]2(?:rgb|bgr|1)?(10|12)(?:le|be)?$/, // x2rgb10le, y210le
  /^(?:xyz|xv|ya)(?:\d\d)?(12|16|30|36)(?:le|be)?$/, // xyz12le, ya16le
]
const OTHERS: Readonly<Record<string, number>> = { monow: 1, monob: 1, rgb48: 16, bgr48: 16, rgba64: 16, bgra64: 16, nv20: 10, rgb565: 6, bgr565: 6, rgb555: 5, bgr555: 5, rgb444: 4, bgr444: 4, xv30: 10, xv36: 12 }

/** Of one component. */
export function depthOfPixels(format: string): number {
  const name = format.replace(/[lb]e$/, '')
  const named = DEPTHS.map((pattern) => pattern.exec(name)?.[1]).find((each) => each !== undefined)
  return OTHERS[name] ?? (named === undefined ? 8 : Number(named))
}

/** Of one component. Pixels of 16 bits may hold fewer that mean something, which the codec then says. */
export function videoBitDepth({ pix_fmt, bits_per_raw_sample = 0 }: StreamReport): number | null {
  if (pix_fmt === undefined || pix_fmt === 'unknown') return null
  const depth = depthOfPixels(pix_fmt)
  return bits_per_raw_sample > 0 && bits_per_raw_sample < depth ? bits_per_raw_sample : depth
}

/** Of one sample; null for sound that is kept as frequencies. */
export const audioBitDepth = ({ bits_per_raw_sample = 0, bits_per_sample = 0 }: StreamReport): number | null => bits_per_raw_sample || bits_per_sample || null
