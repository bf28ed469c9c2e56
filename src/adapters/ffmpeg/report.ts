import { z } from 'zod'
import { MediaError, type Rational } from '../../ports/media-engine.ts'

/** ffprobe writes numbers now as numbers, now as text, and `N/A` for what it does not know. */
const number = z
  .union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/).transform(Number)])
  .optional()
  .catch(undefined)
const text = z.string().optional().catch(undefined)
const rational = z
  .string()
  .regex(/^\d+[/:]\d+$/)
  .transform((written): Rational | undefined => {
    const [num = 0, den = 0] = written.split(/[/:]/).map(Number)
    return num > 0 && den > 0 ? { num, den } : undefined
  })
  .optional()
  .catch(undefined)
const tags = z.record(z.string(), z.coerce.string()).default({})

const Stream = z.object({
  index: z.number(),
  codec_type: text,
  codec_name: text,
  width: number,
  height: number,
  sample_aspect_ratio: rational,
  pix_fmt: text,
  field_order: text,
  color_range: text,
  color_space: text,
  color_transfer: text,
  color_primaries: text,
  r_frame_rate: rational,
  avg_frame_rate: rational,
  time_base: rational,
  start_pts: number,
  duration: number,
  nb_frames: number,
  channels: number,
  channel_layout: text,
  sample_rate: number,
  disposition: z.record(z.string(), z.number()).default({}),
  tags,
  side_data_list: z.array(z.object({ rotation: number })).default([]),
})
const Report = z.object({
  streams: z.array(Stream).default([]),
  format: z.object({ format_name: z.string(), duration: number, bit_rate: number, probe_score: number, tags }),
})

export type StreamReport = z.output<typeof Stream>

/** What ffprobe says of a file, and which of its streams are the film and its sound. */
export interface Report {
  readonly format: z.output<typeof Report>['format']
  readonly streams: readonly StreamReport[]
  readonly video: StreamReport | undefined
  /** Mono tracks come in pairs from cameras: then two streams, left and right; else one; or none. */
  readonly audio: readonly StreamReport[]
  /** A picture that belongs to the file and is not its film: cover art. */
  readonly cover: StreamReport | undefined
}

/** Below this ffprobe only guesses, from a few bytes that happen to look like a header. */
const LEAST_SCORE = 20

export function readReport(json: string): Report {
  const parsed = Report.safeParse(parseJson(json))
  if (!parsed.success) throw new MediaError('The file is damaged, or it is not a film or sound file.')
  const { format, streams } = parsed.data
  if ((format.probe_score ?? 100) < LEAST_SCORE) throw new MediaError('The file is not a film or sound file.')
  // Without a pixel format not one frame could be decoded: a codec that is not there, or a film that lies in another file.
  const pictures = streams.filter((each) => each.codec_type === 'video' && isDecodable(each) && (each.pix_fmt ?? 'unknown') !== 'unknown' && pixelsOf(each) > 0)
  const sounds = streams.filter((each) => each.codec_type === 'audio' && isDecodable(each) && (each.channels ?? 0) > 0)
  const [first, second] = sounds
  const isMonoPair = first?.channels === 1 && second?.channels === 1 && first.sample_rate === second.sample_rate
  return {
    format,
    streams,
    video: pictures.find((each) => !isAttached(each)),
    audio: isMonoPair ? [first, second] : first ? [first] : [],
    cover: pictures.find(isAttached),
  }
}

const isDecodable = ({ codec_name }: StreamReport) => codec_name !== undefined && codec_name !== 'unknown' && codec_name !== 'none'
export const pixelsOf = ({ width = 0, height = 0 }: StreamReport) => width * height
const isAttached = ({ disposition }: StreamReport) => disposition['attached_pic'] === 1 || disposition['timed_thumbnails'] === 1

export const isInterlaced = ({ field_order = '' }: StreamReport) => ['tt', 'bb', 'tb', 'bt'].includes(field_order)

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const FrameTimes = z.object({
  packets: z.array(z.object({ pts: number, dts: number })).optional(),
  frames: z.array(z.object({ best_effort_timestamp: number })).optional(),
})

/** Times in the stream's own unit, in ascending order: of the packets or frames that were asked for. AVI has those of decoding alone. */
export function readTimes(json: string): readonly number[] {
  const { packets = [], frames = [] } = FrameTimes.catch({}).parse(parseJson(json))
  const times = [...packets.map((each) => each.pts ?? each.dts), ...frames.map((each) => each.best_effort_timestamp)]
  return times.filter((each) => each !== undefined).sort((a, b) => a - b)
}
