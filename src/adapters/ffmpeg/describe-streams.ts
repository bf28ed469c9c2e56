import type { AudioStream, Rational, StreamSummary, VideoStream } from '../../ports/media-engine.ts'
import { audioBitDepth, videoBitDepth } from './bit-depth.ts'
import { frameRateOf, perSecond, snap, type RateFacts } from './frame-rate.ts'
import { geometryOf } from './geometry.ts'
import { hdrOf } from './hdr.ts'
import { isAttached, type Report, type StreamReport } from './report.ts'
import { shortened } from './texts.ts'
import { told } from './told.ts'

interface Found {
  readonly rates: RateFacts
  /** What lies beside the first picture, where it was asked. */
  readonly sideData: readonly string[]
  /** Of the film, as it turned out. */
  readonly seconds: number | null
}

export function describeVideo(video: StreamReport, { rates, sideData, seconds }: Found): VideoStream {
  const { coded, rotation, display } = geometryOf(video)
  const { rate, isVariable } = frameRateOf(rates)
  return {
    codec: video.codec_name ?? 'unknown',
    displayWidth: display.width,
    displayHeight: display.height,
    ...coded,
    rotation,
    sampleAspect: video.sample_aspect_ratio ?? null,
    frameRate: rate,
    isVariableRate: isVariable,
    frameCount: video.nb_frames !== undefined && isPlausible(video.nb_frames, seconds, rate) ? video.nb_frames : null,
    colorSpace: told(video.color_space),
    colorRange: told(video.color_range),
    colorPrimaries: told(video.color_primaries),
    colorTransfer: told(video.color_transfer),
    hdr: hdrOf(video, sideData),
    pixelFormat: told(video.pix_fmt),
    bitDepth: videoBitDepth(video),
    profile: told(video.profile),
    fieldOrder: fieldOrderOf(video),
  }
}

/**
 * AVI counts its empty chunks too, which stand for frames that are shown on, and its header may say anything.
 * A film of one rate may lack one frame in seven of it.
 */
function isPlausible(frames: number, seconds: number | null, rate: Rational | null): boolean {
  if (seconds === null || rate === null) return true
  const expected = seconds * perSecond(rate)
  return frames <= expected * 1.02 + 2 && frames >= expected * 0.8 - 2
}

/** `tb` = the top field is coded first and the bottom one shown first: what is shown counts. */
function fieldOrderOf({ field_order = '' }: StreamReport): VideoStream['fieldOrder'] {
  if (field_order === 'tt' || field_order === 'bt') return 'top'
  return field_order === 'bb' || field_order === 'tb' ? 'bottom' : null
}

export function describeAudio({ audio, sounds }: Report): AudioStream | null {
  const [sound, right] = audio
  if (!sound) return null
  return {
    codec: sound.codec_name ?? 'unknown',
    channels: right ? sounds.filter((each) => each.channels === 1).length : (sound.channels ?? 0),
    sampleRate: sound.sample_rate ?? null,
    layout: right ? (sounds.length === 2 ? 'stereo' : null) : layoutOf(sound),
    bitDepth: audioBitDepth(sound),
    tracks: sounds.length,
  }
}

const layoutOf = ({ channel_layout, channels }: StreamReport) => told(channel_layout) ?? (channels === 1 ? 'mono' : channels === 2 ? 'stereo' : null)

export const summaries = (report: Report, rate: Rational | null): readonly StreamSummary[] =>
  report.streams.map((stream) => ({
    kind: kindOf(stream),
    codec: told(stream.codec_name) ?? told(stream.codec_tag_string?.replace(/\[.*/, '')),
    details: detailsOf(stream, stream === report.video ? rate : ownRate(stream)),
    language: languageOf(stream),
  }))

function kindOf(stream: StreamReport): StreamSummary['kind'] {
  const { codec_type: type } = stream
  if (type === 'video') return isAttached(stream) ? 'cover' : 'video'
  return type === 'audio' || type === 'subtitle' || type === 'attachment' ? type : 'data'
}

const ownRate = ({ avg_frame_rate, r_frame_rate }: StreamReport) => {
  const rate = avg_frame_rate ?? r_frame_rate
  return rate ? snap(rate) : null
}

function detailsOf(stream: StreamReport, rate: Rational | null): string {
  const words: Readonly<Record<StreamSummary['kind'], () => readonly (string | null)[]>> = {
    video: () => [sizeOf(stream), told(stream.pix_fmt), rate && `${rate.num}/${rate.den}`],
    cover: () => [sizeOf(stream)],
    audio: () => [layoutOf(stream) ?? (stream.channels ? `${stream.channels} channels` : null), stream.sample_rate ? `${stream.sample_rate} Hz` : null],
    subtitle: () => [],
    data: () => [stream.tags['timecode'] ?? null],
    attachment: () => [stream.tags['filename'] ?? null, stream.tags['mimetype'] ?? null],
  }
  const line = words[kindOf(stream)]().filter((each) => each !== null)
  return line.map(oneLine).filter(Boolean).join(' ')
}

const sizeOf = ({ width = 0, height = 0 }: StreamReport) => (width > 0 && height > 0 ? `${width}x${height}` : null)

/** Words of the file may be long and hold anything. */
const oneLine = (words: string) => shortened(words.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim(), 80)

/** Of words alone: MOV has one for every track, which is English where nobody chose. */
const languageOf = ({ tags, codec_type }: StreamReport) => {
  if (codec_type !== 'audio' && codec_type !== 'subtitle') return null
  const language = tags['language']?.trim() ?? ''
  return /^[a-z]{2,3}(?:-[a-z0-9-]{1,20})?$/i.test(language) && language !== 'und' ? language : null
}
