import { z } from 'zod'
import { MediaError, type Rational } from '../../ports/media-engine.ts'
import { cleaned } from './texts.ts'

/** ffprobe writes numbers now as numbers, now as text, and `N/A` for what it does not know. */
const number = z
  .union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/).transform(Number)])
  .optional()
  .catch(undefined)
const text = z.string().transform(cleaned).optional().catch(undefined)
const rational = z
  .string()
  .regex(/^\d+[/:]\d+$/)
  .transform((written): Rational | undefined => {
    const [num = 0, den = 0] = written.split(/[/:]/).map(Number)
    return num > 0 && den > 0 ? { num, den } : undefined
  })
  .optional()
  .catch(undefined)
/** In small letters, since Matroska writes them large. */
const tags = z
  .record(z.string(), z.coerce.string())
  .transform((written): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(written).map(([name, value]) => [cleaned(name.toLowerCase()), cleaned(value)])))
  .default({})
const sideData = z.array(z.object({ side_data_type: text, rotation: number })).default([])

const Stream = z.object({
  index: z.number(),
  codec_type: text,
  codec_name: text,
  codec_tag_string: text,
  profile: text,
  width: number,
  height: number,
  sample_aspect_ratio: rational,
  pix_fmt: text,
  bits_per_raw_sample: number,
  bits_per_sample: number,
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
  side_data_list: sideData,
})
const Report = z.object({
  streams: z.array(Stream).default([]),
  format: z.object({ format_name: z.string(), start_time: number, duration: number, bit_rate: number, probe_score: number, tags }),
})

export type StreamReport = z.output<typeof Stream>

/** What ffprobe says of a file, and which of its streams are the film and its sound. */
export interface Report {
  readonly format: z.output<typeof Report>['format']
  readonly streams: readonly StreamReport[]
  readonly video: StreamReport | undefined
  /** All tracks of sound that can be decoded. */
  readonly sounds: readonly StreamReport[]
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
  return { format, streams, video: pictures.find((each) => !isAttached(each)), ...heard(sounds), cover: pictures.find(isAttached) }
}

/** The tracks of sound, and those of them that are played: from the one on that the file says is to be heard by default. */
export function heard(sounds: readonly StreamReport[]): Pick<Report, 'sounds' | 'audio'> {
  const [first, second] = sounds.slice(Math.max(0, sounds.findIndex((each) => each.disposition['default'] === 1)))
  const isMonoPair = first !== undefined && second !== undefined && isPair(first, second)
  return { sounds, audio: isMonoPair ? [first, second] : first ? [first] : [] }
}

export const isMovFamily = ({ format }: Pick<Report, 'format'>) => format.format_name.split(',').includes('mov')
const isDecodable = ({ codec_name }: StreamReport) => codec_name !== undefined && codec_name !== 'unknown' && codec_name !== 'none'
export const pixelsOf = ({ width = 0, height = 0 }: StreamReport) => width * height
/** Left and right, and not the same sound in two languages. */
const isPair = (first: StreamReport, second: StreamReport) =>
  first.channels === 1 && second.channels === 1 && first.sample_rate === second.sample_rate && first.tags['language'] === second.tags['language']
export const isAttached = ({ disposition }: StreamReport) => disposition['attached_pic'] === 1 || disposition['timed_thumbnails'] === 1

export const isInterlaced = ({ field_order = '' }: StreamReport) => ['tt', 'bb', 'tb', 'bt'].includes(field_order)

export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const PacketsAndFrames = z.object({
  packets: z.array(z.object({ pts: number, dts: number, duration: number, side_data_list: sideData })).optional(),
  frames: z.array(z.object({ best_effort_timestamp: number, interlaced_frame: number, top_field_first: number, side_data_list: sideData })).optional(),
})

/**
 * Times in the stream's own unit, in ascending order: of the packets or frames that were asked for. AVI has those of decoding alone,
 * and MPEG those of showing for some packets only: the two kinds are not mixed where one of them is whole.
 */
export function readTimes(json: string): readonly number[] {
  const { packets = [], frames = [] } = PacketsAndFrames.catch({}).parse(parseJson(json))
  const isByDecoding = packets.some((each) => each.pts === undefined) && packets.every((each) => each.dts !== undefined)
  const times = [...packets.map((each) => (isByDecoding ? each.dts : (each.pts ?? each.dts))), ...frames.map((each) => each.best_effort_timestamp)]
  return times.filter((each) => each !== undefined).sort((a, b) => a - b)
}

/** When the last of the packets ends, in the stream's own unit; `typical` stands for a packet that does not say how long it is. */
export function readEnd(json: string, typical: number): number | undefined {
  const { packets = [] } = PacketsAndFrames.catch({}).parse(parseJson(json))
  const ends = packets.flatMap(({ pts, dts, duration = 0 }) => ((pts ?? dts) === undefined ? [] : [(pts ?? dts ?? 0) + (duration > 0 ? duration : typical)]))
  return ends.reduce<number | undefined>((latest, end) => (latest === undefined || end > latest ? end : latest), undefined)
}

/** What lies beside the packets or frames that were asked for: `Mastering display metadata`, … */
export function readSideData(json: string): readonly string[] {
  const { packets = [], frames = [] } = PacketsAndFrames.catch({}).parse(parseJson(json))
  return [...packets, ...frames].flatMap((each) => each.side_data_list.flatMap(({ side_data_type }) => side_data_type ?? []))
}

/** The `field_order` of a film whose first frame was asked for. */
export function readFields(json: string): string | undefined {
  const [first] = PacketsAndFrames.catch({}).parse(parseJson(json)).frames ?? []
  if (first?.interlaced_frame === undefined) return undefined
  return first.interlaced_frame === 0 ? 'progressive' : first.top_field_first === 1 ? 'tt' : 'bb'
}
