import type { MetadataScalar } from '../../db/schema/index.ts'
import type { ImageInfo } from '../../ports/image-engine.ts'
import type { Probe, Rational } from '../../ports/media-engine.ts'

type Metadata = Readonly<Record<string, MetadataScalar>>

/** What a probe found, in the contract's words. Absent = the file does not say. */
export function metadataOfProbe(probe: Probe): Metadata {
  const { video, audio } = probe
  return known({
    container: probe.format,
    duration: probe.durationSeconds,
    bit_rate: probe.bitRate,
    width: video?.displayWidth,
    height: video?.displayHeight,
    video_codec: video?.codec,
    frame_rate: video?.frameRate ? rateText(video.frameRate) : null,
    variable_frame_rate: video ? video.isVariableRate : null,
    frame_count: video?.frameCount,
    rotation: video?.rotation,
    color_space: video?.colorSpace,
    pixel_format: video?.pixelFormat,
    audio_codec: audio?.codec,
    channels: audio?.channels,
    sample_rate: audio?.sampleRate,
    timecode: probe.timecode,
    created_at: probe.createdAt,
    camera: probe.camera,
  })
}

export const metadataOfImage = (image: ImageInfo): Metadata =>
  known({ container: image.format, width: image.width, height: image.height, color_space: image.colorSpace, created_at: image.createdAt, camera: image.camera })

const known = (all: Readonly<Record<string, MetadataScalar | undefined>>): Metadata =>
  Object.fromEntries(Object.entries(all).filter((entry): entry is [string, MetadataScalar] => entry[1] !== null && entry[1] !== undefined))

export const rateText = ({ num, den }: Rational) => `${num}/${den}`

/**
 * A start timecode in frames: `HH:MM:SS:FF`, with `;` before the frames where labels are dropped (two a minute at 29.97, four at 59.94, but for every
 * tenth minute: SMPTE ST 12-1). Null where it is no timecode at this rate.
 */
export function timecodeFrames(timecode: string, rate: Rational): { readonly frames: number; readonly isDropFrame: boolean } | null {
  const match = /^(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})$/.exec(timecode)
  if (!match) return null
  const [hours, minutes, seconds, frames] = [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[5])]
  const base = Math.round(rate.num / rate.den)
  if (minutes > 59 || seconds > 59 || frames >= base) return null
  const isDropFrame = match[4] !== ':' && rate.den === 1001 && (base === 30 || base === 60)
  const dropped = isDropFrame ? base / 15 : 0
  const totalMinutes = hours * 60 + minutes
  if (isDropFrame && seconds === 0 && frames < dropped && minutes % 10 !== 0) return null // a label that is never counted
  return { frames: (totalMinutes * 60 + seconds) * base + frames - dropped * (totalMinutes - Math.floor(totalMinutes / 10)), isDropFrame }
}
