import type { SharpOptions } from 'sharp'
import { MOST_PIXELS } from '../picture-limits.ts'

/**
 * `error` refuses pictures that are cut off or damaged, which would come out half grey;
 * `warning` (sharp's default) would refuse those with an odd tag too, which every other program shows.
 */
export const READING = { failOn: 'error', limitInputPixels: MOST_PIXELS, sequentialRead: true, pages: 1 } as const satisfies SharpOptions
