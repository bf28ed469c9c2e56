import type { Size } from './geometry.ts'
import { isInterlaced, type StreamReport } from './report.ts'

/** By convention, where a film does not say: BT.709 from 720 lines on, BT.601 below. */
const assumedMatrix = ({ height = 0 }: StreamReport) => (height >= 720 ? 'bt709' : 'smpte170m')

const isRgb = ({ pix_fmt = '' }: StreamReport) => /^(rgb|bgr|gbr|argb|abgr|pal8|0rgb|0bgr)/.test(pix_fmt)
const isTold = (name: string | undefined): name is string => name !== undefined && !['unknown', 'unspecified', 'reserved', 'gbr'].includes(name)

/** swscale takes an untold matrix for BT.601, whatever the size. */
const readMatrix = (stream: StreamReport) => (isTold(stream.color_space) || isRgb(stream) ? '' : `:in_color_matrix=${assumedMatrix(stream)}`)

/** One frame out for each frame in, so that frame numbers stay; frames that say they are progressive pass untouched. */
export const deinterlaced = (stream: StreamReport) => (isInterlaced(stream) ? ['yadif=mode=send_frame:deint=interlaced'] : [])

/** As a JPEG is read: full range, BT.601. */
export const toPicture = (stream: StreamReport, { width, height }: Size) => [
  `scale=${width}:${height}${readMatrix(stream)}:out_color_matrix=bt601:out_range=pc`,
  'setsar=1',
  'format=yuvj420p',
]

/** 8 bit 4:2:0, video range, in the film's own colours: players convert by the tags of `colourTags`. */
export const toFilm = (stream: StreamReport, { width, height }: Size) => [
  `scale=${width}:${height}${isRgb(stream) ? ':out_color_matrix=bt709' : ''}:out_range=tv`,
  'setsar=1',
  'format=yuv420p',
]

const MATRICES = ['bt709', 'smpte170m', 'bt470bg', 'bt2020nc']
const PRIMARIES = ['bt709', 'smpte170m', 'bt470bg', 'bt2020', 'smpte432']
const TRANSFERS = ['bt709', 'smpte170m', 'smpte2084', 'arib-std-b67']

/** Said in every proxy, since browsers guess differently about what is not said. */
export function colourTags(stream: StreamReport): readonly string[] {
  const assumed = isRgb(stream) ? 'bt709' : assumedMatrix(stream)
  const told = (name: string | undefined, known: readonly string[]) => (name !== undefined && known.includes(name) ? name : assumed)
  return [
    ...['-colorspace', isRgb(stream) ? assumed : told(stream.color_space, MATRICES)],
    ...['-color_primaries', told(stream.color_primaries, PRIMARIES)],
    ...['-color_trc', told(stream.color_transfer, TRANSFERS)],
    ...['-color_range', 'tv'],
  ]
}
