import { colourTags } from './colour.ts'
import { countsFrames, filmFilters } from './film-filters.ts'
import { fileUrl, inputOptions } from './inputs.ts'
import { decoderThreads } from './memory.ts'
import { RESULTS, type FilmPlan, type RenderPlan } from './render-plan.ts'
import { soundFilters } from './sound-filters.ts'
import { isCountable } from './tags.ts'

/** One decode for everything that is wanted. fluent-ffmpeg composes the list and never runs it: `Runner` is the one place that does. */
export async function renderArguments(plan: RenderPlan): Promise<readonly string[]> {
  const { default: ffmpeg } = await import('fluent-ffmpeg')
  const { order, report, film, threads } = plan
  const command = ffmpeg()
    .input(fileUrl(order.source))
    .inputOptions(...inputOptions(report.format.format_name), '-threads', String(decoderThreads(report.video, threads)), ...inputClock(film))
  for (const { target, options } of outputsOf(plan)) command.output(target).outputOptions(...options)
  const graphs = [filmFilters(plan), soundFilters(plan)].flatMap((filters) => (filters.length > 0 ? ['-filter_complex', filters.join(';')] : []))
  return ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+error', '-progress', 'pipe:1', '-y', ...graphs, ...command._getArguments()]
}

interface Output {
  readonly target: string
  readonly options: readonly string[]
}

function outputsOf(plan: RenderPlan): readonly Output[] {
  const { audio, waveform } = plan.order
  return [
    ...(plan.film ? filmOutputs(plan, plan.film) : []),
    ...(audio ? [{ target: fileOf(RESULTS.audio), options: audioOptions() }] : []),
    ...(waveform ? [{ target: 'pipe:3', options: ['-map', '[waveform]', '-c:a', 'pcm_s16le', '-f', 's16le'] }] : []),
  ]
}

/** The first is the film whole, which progress counts by. */
const filmOutputs = (plan: RenderPlan, film: FilmPlan): readonly Output[] => [
  ...(plan.order.proxy ? [{ target: fileOf(RESULTS.proxy), options: [...proxyOptions(plan, film), '-threads', String(plan.threads)] }] : []),
  ...(countsFrames(plan) ? [{ target: fileOf(RESULTS.frames), options: frameOptions(plan, film, '[frames]') }] : []),
  ...(plan.order.previews ? [{ target: fileOf(RESULTS.previews), options: [...pictureOptions(plan, film, '[previews]'), '-start_number', '0'] }] : []),
  ...(plan.order.storyboard ? [{ target: fileOf(RESULTS.tiles), options: [...pictureOptions(plan, film, '[storyboard]'), '-start_number', '0'] }] : []),
  ...(['previews', 'storyboard'] as const).filter((each) => plan.order[each]).map((each) => ({ target: fileOf(RESULTS.times[each]), options: frameOptions(plan, film, `[${each}_times]`) })),
]

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

/** No tag of the source goes along: a phone writes down where it was. */
const BARE = ['-map_metadata', '-1', '-map_chapters', '-1', '-sn', '-dn']
const AAC = ['-c:a', 'aac', '-b:a', '128k']

function proxyOptions({ order, report, keepFrameTimes, canToneMap }: RenderPlan, { stream, timing }: FilmPlan): readonly string[] {
  const { timecode, video } = order.probe
  const countable = timecode !== null && timing.isOnGrid && video?.frameRate && isCountable(timecode, video.frameRate)
  return [
    ...['-map', '[film]', ...(report.audio.length > 0 ? ['-map', '[sound]', ...AAC] : [])],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-profile:v', 'high', '-pix_fmt', 'yuv420p'],
    ...keepFrameTimes,
    ...['-enc_time_base', timing.encoderTimeBase, '-video_track_timescale', String(timing.trackTimescale)],
    // Two seconds after the last one: counted from the beginning, each frame after a gap would be one.
    ...['-force_key_frames', 'expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+2))', ...colourTags(stream, canToneMap)],
    ...BARE,
    ...(countable ? ['-timecode', timecode] : []),
    // Sound may begin, or first decode, long after the picture.
    ...['-max_muxing_queue_size', '4096', '-movflags', '+faststart', '-f', 'mp4'],
  ]
}

const pictureOptions = ({ keepFrameTimes }: RenderPlan, { timing }: FilmPlan, from: '[previews]' | '[storyboard]'): readonly string[] => [
  ...['-map', from, '-c:v', 'mjpeg', '-q:v', '3', ...keepFrameTimes, '-enc_time_base', timing.encoderTimeBase],
  ...[...BARE, '-f', 'image2'],
]

const frameOptions = ({ keepFrameTimes }: RenderPlan, { timing }: FilmPlan, from: string): readonly string[] => [
  ...['-map', from, '-c:v', 'rawvideo', ...keepFrameTimes, '-enc_time_base', timing.encoderTimeBase],
  ...[...BARE, '-f', 'framecrc'],
]

const audioOptions = (): readonly string[] => ['-map', '[audio]', ...AAC, ...BARE, '-vn', '-movflags', '+faststart', '-f', 'mp4']
