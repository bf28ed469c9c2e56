import { resolve } from 'node:path'

/**
 * Containers that hold their own bytes. None that names other files or addresses: no hls, dash, concat, sdp, imf, image2, vobsub.
 * A name that a build does not know is of no consequence.
 */
const FORMATS = [
  'mov', 'matroska', 'avi', 'mxf', 'mpegts', 'mpeg', 'flv', 'asf', 'rm', 'gxf', 'dv', 'nut', 'ivf', 'ogg',
  'wav', 'w64', 'aiff', 'caf', 'au', 'flac', 'mp3', 'aac', 'ac3', 'eac3', 'dts', 'amr', 'wv', 'ape', 'tta', 'mpc', 'mpc8', 'dsf',
] // prettier-ignore

/** 8K with room (8192 × 4608); larger pictures are refused before memory is taken for them. */
export const MOST_PIXELS = 40_000_000

const ALLOWED = ['-protocol_whitelist', 'file,pipe', '-format_whitelist', FORMATS.join(','), '-max_pixels', String(MOST_PIXELS)]

/** As a URL, so that a name such as `concat:a|b` or `-y` is only a name. */
export const fileUrl = (path: string) => `file:${resolve(path)}`

/**
 * What stands before every input. External data references are off by default in every version;
 * it is said again where the format is known, since an option that the format does not have is an error.
 */
export const inputOptions = (format?: string): readonly string[] => [
  ...ALLOWED,
  ...(format?.split(',').includes('mov') ? ['-enable_drefs', '0', '-use_absolute_path', '0'] : []),
]
