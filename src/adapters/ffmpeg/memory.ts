import type { Limits } from '../confine.ts'
import { videoBitDepth } from './bit-depth.ts'
import { pixelsOf, type StreamReport } from './report.ts'

const MIB = 1024 ** 2

type Memory = Required<Pick<Limits, 'dataBytes' | 'stackBytes'>>

/** What a thread of ffmpeg needs at the most lies far below. */
const STACK = { stackBytes: MIB }

/** For headers, and the frame or two that are decoded where a header does not say enough: 8K H.264 took 130 MiB. */
export const MEMORY_TO_PROBE: Memory = { ...STACK, dataBytes: 448 * MIB }

const BYTES_PER_PIXEL = 22

/**
 * What decoding and encoding a picture of this size may hold: up to 1440p so much that the process stays below 512 MiB whatever the file asks for.
 * Measured on two threads, with previews, proxy and sound in one run, in MiB of `VmData` (and of RSS, which libraries are part of): 1080p H.264 350 (295),
 * 4K H.264 with 16 reference frames 516 (448), 4K ProRes 4444 430 (390), 4K HDR10 in HEVC with tone-mapping 574 (509), 8K of that kind 1049 (998).
 */
export const memoryFor = (picture: StreamReport | undefined): Memory => ({
  ...STACK,
  dataBytes: 448 * MIB + BYTES_PER_PIXEL * (picture ? pixelsOf(picture) : 0),
})

/** Not as many as there are cores: for each thread an encoder and a decoder keep frames of their own. */
export const MOST_THREADS = 2

const PIXELS_OF_1440P = 2560 * 1440

/** Frames of 4K with more than 8 bit have 25 MB, of 8K 100 MB: the second thread's would be too many. */
export const decoderThreads = (picture: StreamReport | undefined, threads: number): number =>
  picture !== undefined && pixelsOf(picture) > PIXELS_OF_1440P && (videoBitDepth(picture) ?? 8) > 8 ? 1 : threads
