import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { MediaError, type RenderedImage } from '../../ports/media-engine.ts'
import type { StillFacts, StillFile, StillKind, StillOrder, StillStep } from '../../ports/still-decoder.ts'
import { MOST_PIXELS, NEEDS_MUCH_MEMORY, TOO_LARGE } from '../picture-limits.ts'
import type { Ended } from '../run.ts'
import { depthOfPixels } from './bit-depth.ts'
import { failureOf } from './faults.ts'
import { fileUrl } from './inputs.ts'
import type { Kit } from './probe.ts'
import { parseJson } from './report.ts'
import { isWritten, makeWorkFolder, moveInto } from './work-folder.ts'

/** The one format that the file is read as, and nothing else: none of these names other files. */
const DEMUXERS: Readonly<Record<StillKind, string>> = {
  hevc: 'hevc', bmp: 'bmp_pipe', exr: 'exr_pipe', psd: 'psd_pipe', dpx: 'dpx_pipe', tga: 'image2pipe', jpeg2000: 'j2k_pipe', jpegxl: 'jpegxl_pipe', dds: 'dds_pipe',
} // prettier-ignore

/** TGA has no first bytes of its own, so that its demuxer must be told the decoder. OpenEXR is linear light: 13 = sRGB's curve. */
const DECODER_OPTIONS: Readonly<Partial<Record<StillKind, readonly string[]>>> = { tga: ['-c:v', 'targa'], exr: ['-apply_trc', '13'] }

/** In the others the fourth channel is as often a mask as transparency, or is there by mistake. */
const WITH_TRANSPARENCY: readonly StillKind[] = ['psd', 'jpeg2000', 'jpegxl']

const MIB = 1024 ** 2
/** Of ffmpeg itself some 40 MiB. */
const LIMITS = { seconds: 60, fileBytes: 128 * MIB, dataBytes: 480 * MIB }
const TIGHT_LIMITS = { seconds: 10, fileBytes: 128 * MIB, dataBytes: 280 * MIB }

const quiet = ['-hide_banner', '-loglevel', 'level+error']
/** One thread: each of several would hold a picture of its own. */
const inputOf = ({ source, kind }: StillFile) => [
  ...['-protocol_whitelist', 'file', '-format_whitelist', DEMUXERS[kind], '-max_pixels', String(MOST_PIXELS), '-threads', '1', '-err_detect', 'explode'],
  ...(DECODER_OPTIONS[kind] ?? []),
  ...['-f', DEMUXERS[kind], '-i', fileUrl(source)],
]

const Streams = z.object({ streams: z.array(z.object({ width: z.number(), height: z.number(), pix_fmt: z.string(), color_space: z.string().optional() })).min(1) })

export async function factsOfStill({ runner, tools }: Kit, file: StillFile): Promise<StillFacts> {
  const args = [...quiet, ...inputOf(file), '-show_entries', 'stream=width,height,pix_fmt,color_space', '-of', 'json']
  const ended = await runner.run({ program: tools.ffprobe, args, signal: file.signal, limits: LIMITS })
  const stream = ended.code === 0 ? Streams.safeParse(parseJson(ended.stdout)).data?.streams[0] : undefined
  if (!stream || stream.width * stream.height === 0) throw faultOf(ended, file)
  const isGrey = /^(?:gr[ae]y|mono|ya)/.test(stream.pix_fmt)
  return { width: stream.width, height: stream.height, bitDepth: depthOfPixels(stream.pix_fmt), colorSpace: isGrey ? 'b-w' : 'srgb' }
}

export async function decodeStill(kit: Kit, order: StillOrder, { tempDir }: { readonly tempDir: string }): Promise<RenderedImage> {
  const folder = await makeWorkFolder(tempDir, 'still')
  try {
    const made = join(folder, 'still.png')
    const format = WITH_TRANSPARENCY.includes(order.kind) && !order.isOpaque ? 'rgba' : 'rgb24'
    const args = [
      ...[...quiet, '-nostdin', '-nostats', '-xerror', ...inputOf(order), '-map', '0:v:0', '-frames:v', '1', '-filter_threads', '1'],
      ...['-vf', [...steps(order), scaled(order), `format=${format}`].join(',')],
      ...['-c:v', 'png', '-compression_level', '1', '-map_metadata', '-1', '-f', 'image2', '-update', '1', '-y', fileUrl(made)],
    ]
    const ended = await kit.runner.run({ program: kit.tools.ffmpeg, args, signal: order.signal, limits: order.isTight ? TIGHT_LIMITS : LIMITS })
    // Half a picture comes with a complaint, and sometimes with a good exit.
    const isWhole = ended.code === 0 && !/\[(?:error|fatal|panic)\]/.test(ended.stderrTail)
    if (!isWhole || !(await isWritten(made))) throw faultOf(ended, order)
    return { path: await moveInto(made, order.target), ...(await sizeOf(order.target)) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const steps = ({ tiles, steps = [] }: StillOrder) => [...(tiles && tiles.columns * tiles.rows > 1 ? [`tile=${tiles.columns}x${tiles.rows}`] : []), ...steps.flatMap(filtersOf)]

/** `exact`: else it would keep to whole samples of colour, and an odd width would lose a column. */
function filtersOf(step: StillStep): readonly string[] {
  if ('crop' in step) return [`crop=${step.crop.width}:${step.crop.height}:${step.crop.x}:${step.crop.y}:exact=1`]
  if ('mirror' in step) return [step.mirror === 'left-right' ? 'hflip' : 'vflip']
  return step.turn === 180 ? ['hflip', 'vflip'] : [step.turn === 90 ? 'transpose=clock' : 'transpose=cclock']
}

/** By the numbers of H.273; what is not here is as the stream says. */
const MATRICES: Readonly<Record<number, string>> = { 1: 'bt709', 4: 'fcc', 5: 'bt601', 6: 'bt601', 7: 'smpte240m', 9: 'bt2020', 10: 'bt2020' }

function scaled({ maxSize, matrix = 2, isFullRange }: StillOrder): string {
  const side = (length: string) => `'max(1,round(${length}*min(1,${maxSize}/max(iw,ih))))'`
  const colour = MATRICES[matrix] ? [`in_color_matrix=${MATRICES[matrix]}`] : []
  const range = isFullRange === undefined ? [] : [`in_range=${isFullRange ? 'pc' : 'tv'}`]
  return [`scale=w=${side('iw')}`, `h=${side('ih')}`, 'flags=bicubic+accurate_rnd+full_chroma_int', ...colour, ...range].join(':')
}

/** As the PNG's header says. */
async function sizeOf(path: string) {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 16)
    return { width: buffer.readUInt32BE(0), height: buffer.readUInt32BE(4) }
  } finally {
    await file.close()
  }
}

const NAMES: Readonly<Record<StillKind, string>> = {
  hevc: 'HEIC', bmp: 'BMP', exr: 'OpenEXR', psd: 'Photoshop', dpx: 'DPX', tga: 'TGA', jpeg2000: 'JPEG 2000', jpegxl: 'JPEG XL', dds: 'DDS',
} // prettier-ignore

/** What the tool says of films does not fit pictures. */
function faultOf(ended: Ended, { source, kind }: StillFile): Error {
  const { stderrTail: said, exceeded, killedBy } = ended
  const known = killedBy === null || killedBy === 'SIGABRT' ? FAULTS.find(([pattern]) => pattern.test(said)) : undefined
  if (known) return new MediaError(known[1])
  if (isUnknownKind(ended, kind)) return new MediaError(`${NAMES[kind]} pictures cannot be decoded by the ffmpeg that is used here: export it as JPEG, PNG or TIFF.`)
  const fault = failureOf(ended, source)
  if (!(fault instanceof MediaError) || exceeded !== null || killedBy !== null) return fault
  return new MediaError(`The picture is damaged, or is a kind of ${NAMES[kind]} that cannot be decoded here: export it as JPEG, PNG or TIFF.`)
}

const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/max_pixels|picture size|image dimensions|dimensions .*invalid/i, TOO_LARGE],
  [/cannot allocate|out of memory|bad_alloc/i, NEEDS_MUCH_MEMORY],
]

/** ffprobe of 2018 says nothing when it does not know a format, and ends well. */
const isUnknownKind = ({ code, stderrTail: said }: Ended, kind: StillKind) =>
  /unknown input format|unknown decoder|decoder .*not found/i.test(said) || (kind === 'jpegxl' && code === 0 && said.trim() === '')
