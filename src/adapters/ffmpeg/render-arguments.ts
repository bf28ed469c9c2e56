import type { RenderOrder } from '../../ports/media-engine.ts'
import { colourTags, deinterlaced, toFilm, toPicture } from './colour.ts'
import type { Size } from './geometry.ts'
import { fileUrl, inputOptions } from './inputs.ts'
import type { Report, StreamReport } from './report.ts'
import { isCountable } from './tags.ts'
import type { Timing } from './timing.ts'

/** All that the command line of a render depends on. Results land in the working folder under the names of `RESULTS`. */
export interface RenderPlan {
  readonly order: RenderOrder
  readonly report: Report
  readonly film: FilmPlan | null
  readonly keepFrameTimes: readonly string[]
  readonly threads: number | undefined
}

export interface FilmPlan {
  readonly stream: StreamReport
  readonly timing: Timing
  /** When the first frame is shown, on the file's own clock. */
  readonly startSeconds: number
  readonly proxySize: Size
  readonly previewSize: Size
}

export const RESULTS = { proxy: 'proxy.mp4', audio: 'audio.m4a', previews: '%08d.jpg', previewName: (at: number) => `${String(at).padStart(8, '0')}.jpg` }

/** One decode for everything that is wanted. fluent-ffmpeg composes the list and never runs it: `Runner` is the one place that does. */
export async function renderArguments(plan: RenderPlan): Promise<readonly string[]> {
  const { default: ffmpeg } = await import('fluent-ffmpeg')
  const { order, report, film, threads } = plan
  const useThreads = threads === undefined ? [] : ['-threads', String(threads)]
  const command = ffmpeg()
    .input(fileUrl(order.source))
    .inputOptions(...inputOptions(report.format.format_name), ...useThreads, ...inputClock(film))
    .complexFilter([...filmFilters(plan), ...soundFilters(plan)])
  if (film && order.proxy) command.output(fileOf(RESULTS.proxy)).outputOptions(...proxyOptions(plan, film), ...useThreads)
  if (film && order.previews) command.output(fileOf(RESULTS.previews)).outputOptions(...previewOptions(plan, film))
  if (order.audio) command.output(fileOf(RESULTS.audio)).outputOptions(...audioOptions())
  return ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info', '-progress', 'pipe:1', ...command._getArguments()]
}

/** Relative to the working folder, so that a `%` in its path is none of the pattern's. */
const fileOf = (name: string) => `file:${name}`

/** The film's first frame becomes time 0; sound before it is cut by the filter, and whatever follows stays in step. */
function inputClock(film: FilmPlan | null): readonly string[] {
  if (!film) return []
  const { startSeconds, timing } = film
  return [
    '-copyts',
    ...(startSeconds === 0 ? [] : ['-itsoffset', (-startSeconds).toFixed(6)]),
    ...(timing.inputRate ? ['-r', `${timing.inputRate.num}/${timing.inputRate.den}`] : []),
  ]
}

function filmFilters({ order, film }: RenderPlan): readonly string[] {
  if (!film) return []
  const { stream, previewSize, proxySize } = film
  const proxy = order.proxy ? [...toFilm(stream, proxySize), 'null[film]'] : undefined
  // showinfo tells the time of each preview, in microseconds; the number of a frame is how many came before it.
  const previews = order.previews
    ? [`select='not(mod(n\\,${order.previews.everyFrames}))'`, ...toPicture(stream, previewSize), 'settb=1/1000000', 'showinfo[previews]']
    : undefined
  const wanted = [proxy, previews].filter((each) => each !== undefined)
  const source = [`[0:${stream.index}]null`, ...deinterlaced(stream)].join(',')
  if (wanted.length < 2) return wanted.map((branch) => [source, ...branch].join(','))
  return [`${source},split=2[v0][v1]`, ...wanted.map((branch, at) => `[v${at}]${branch.join(',')}`)]
}

function soundFilters({ order, report, film }: RenderPlan): readonly string[] {
  const intoProxy = film !== null && order.proxy !== undefined && report.audio.length > 0
  const wanted = [...(intoProxy ? ['[sound]'] : []), ...(order.audio ? ['[audio]'] : [])]
  if (wanted.length === 0) return []
  const filters = [
    ...channelFilters(report),
    // Starts with the film, and holes in the sound stay holes instead of closing up.
    `aresample=48000:async=1${film ? ':first_pts=0' : ''}`,
    'aformat=sample_fmts=fltp:channel_layouts=stereo',
    `asplit=${wanted.length}`,
  ]
  return [`${report.audio.map(({ index }) => `[0:${index}]`).join('')}${filters.join(',')}${wanted.join('')}`]
}

function channelFilters({ audio: [first, second] }: Report): readonly string[] {
  if (second) return ['amerge=inputs=2']
  // Without a known layout there is no rule for mixing: the first two channels are taken.
  const isUnknown = first !== undefined && (first.channels ?? 0) > 2 && (first.channel_layout ?? 'unknown') === 'unknown'
  return isUnknown ? ['pan=stereo|c0=c0|c1=c1'] : []
}

/** No tag of the source goes along: a phone writes down where it was. */
const BARE = ['-map_metadata', '-1', '-map_chapters', '-1', '-sn', '-dn']
const AAC = ['-c:a', 'aac', '-b:a', '128k']

function proxyOptions({ order, report, keepFrameTimes }: RenderPlan, { stream, timing }: FilmPlan): readonly string[] {
  const { timecode, video } = order.probe
  const countable = timecode !== null && timing.isOnGrid && video?.frameRate && isCountable(timecode, video.frameRate)
  return [
    ...['-map', '[film]', ...(report.audio.length > 0 ? ['-map', '[sound]', ...AAC] : [])],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-profile:v', 'high', '-pix_fmt', 'yuv420p'],
    ...keepFrameTimes,
    ...['-enc_time_base', timing.encoderTimeBase, '-video_track_timescale', String(timing.trackTimescale)],
    ...['-force_key_frames', 'expr:gte(t,n_forced*2)', ...colourTags(stream)],
    ...BARE,
    ...(countable ? ['-timecode', timecode] : []),
    ...['-movflags', '+faststart', '-f', 'mp4'],
  ]
}

const previewOptions = ({ keepFrameTimes }: RenderPlan, { timing }: FilmPlan): readonly string[] => [
  ...['-map', '[previews]', '-c:v', 'mjpeg', '-q:v', '3', ...keepFrameTimes, '-enc_time_base', timing.encoderTimeBase],
  ...[...BARE, '-f', 'image2', '-start_number', '0'],
]

const audioOptions = (): readonly string[] => ['-map', '[audio]', ...AAC, ...BARE, '-vn', '-movflags', '+faststart', '-f', 'mp4']
