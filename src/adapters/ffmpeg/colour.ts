import type { Size } from './geometry.ts'
import { isInterlaced, type StreamReport } from './report.ts'
import { isBeyondSdr, isRgb, MATRICES, toSdr } from './tone-mapping.ts'

/** By convention, where a film does not say: BT.709 from 720 lines on, BT.601 below. */
const assumedMatrix = ({ height = 0 }: StreamReport) => (height >= 720 ? 'bt709' : 'smpte170m')

const isTold = (name: string | undefined): name is string => name !== undefined && !['unknown', 'unspecified', 'reserved', 'gbr'].includes(name)

/** swscale takes an untold matrix for BT.601, whatever the size. */
const readMatrix = (stream: StreamReport) => (isTold(stream.color_space) || isRgb(stream) ? '' : `:in_color_matrix=${assumedMatrix(stream)}`)

/** One frame out for each frame in, so that frame numbers stay; frames that say they are progressive pass untouched. */
export const deinterlaced = (stream: StreamReport) => (isInterlaced(stream) ? ['yadif=mode=send_frame:deint=interlaced'] : [])

/** What is to come out: the size, and whether this build can bring HDR and wide gamut to SDR; where it cannot, colours stay as they are. */
export interface Look {
  readonly size: Size
  readonly canToneMap: boolean
}

/** As a JPEG is read: full range, BT.601. */
export function toPicture(stream: StreamReport, { size: { width, height }, canToneMap }: Look): readonly string[] {
  if (canToneMap && isBeyondSdr(stream)) return [`scale=${width}:${height}`, ...toSdr(stream, 'picture'), 'setsar=1']
  return [`scale=${width}:${height}${readMatrix(stream)}:out_color_matrix=bt601:out_range=pc`, 'setsar=1', 'format=yuvj420p']
}

/** 8 bit 4:2:0, video range: brought to BT.709, or in the film's own colours, which players convert by the tags of `colourTags`. */
export function toFilm(stream: StreamReport, { size: { width, height }, canToneMap }: Look): readonly string[] {
  if (canToneMap && isBeyondSdr(stream)) return [`scale=${width}:${height}`, ...toSdr(stream, 'film'), 'setsar=1']
  // Without a range in its options the scaler hands frames through that are of this size already, instead of copying them.
  const isReady = stream.pix_fmt === 'yuv420p' && stream.color_range !== 'pc'
  const colours = isRgb(stream) ? ':out_color_matrix=bt709:out_range=tv' : isReady ? '' : ':out_range=tv'
  return [`scale=${width}:${height}${colours}`, 'setsar=1', 'format=yuv420p']
}

const PRIMARIES = ['bt709', 'smpte170m', 'bt470bg', 'bt2020', 'smpte432']
const TRANSFERS = ['bt709', 'smpte170m', 'smpte2084', 'arib-std-b67']

const SDR_TAGS = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv']

/** Said in every proxy, since browsers guess differently about what is not said. */
export function colourTags(stream: StreamReport, canToneMap: boolean): readonly string[] {
  if (canToneMap && isBeyondSdr(stream)) return SDR_TAGS
  const assumed = isRgb(stream) ? 'bt709' : assumedMatrix(stream)
  const knownOr = (name: string | undefined, known: readonly string[]) => (name !== undefined && known.includes(name) ? name : assumed)
  return [
    ...['-colorspace', isRgb(stream) ? assumed : knownOr(stream.color_space, MATRICES)],
    ...['-color_primaries', knownOr(stream.color_primaries, PRIMARIES)],
    ...['-color_trc', knownOr(stream.color_transfer, TRANSFERS)],
    ...['-color_range', 'tv'],
  ]
}
