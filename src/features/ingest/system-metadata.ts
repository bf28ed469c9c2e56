import type { ImageInfo } from '../../ports/image-engine.ts'
import type { AudioStream, Probe, Rational, VideoStream } from '../../ports/media-engine.ts'
import type { SystemMetadata } from './sources.repository.ts'

/** What may be known: a word without a value is left out. */
type Words = Readonly<Record<string, SystemMetadata[string] | undefined>>

/** What a probe found, in the contract's words. Absent = the file does not say. */
export function metadataOfProbe({ format, durationSeconds, bitRate, video, audio, timecode, createdAt, camera }: Probe): SystemMetadata {
  return known({
    container: format,
    duration: durationSeconds,
    bit_rate: bitRate,
    ...(video && wordsOfVideo(video)),
    ...(audio && wordsOfAudio(audio)),
    timecode,
    created_at: createdAt,
    camera,
  })
}

export const metadataOfImage = (image: ImageInfo): SystemMetadata =>
  known({ container: image.format, width: image.width, height: image.height, color_space: image.colorSpace, created_at: image.createdAt, camera: image.camera })

const wordsOfVideo = (video: VideoStream): Words => ({
  width: video.displayWidth,
  height: video.displayHeight,
  video_codec: video.codec,
  frame_rate: video.frameRate && rateText(video.frameRate),
  variable_frame_rate: video.isVariableRate,
  frame_count: video.frameCount,
  rotation: video.rotation,
  color_space: video.colorSpace,
  pixel_format: video.pixelFormat,
})

const wordsOfAudio = ({ codec, channels, sampleRate }: AudioStream): Words => ({ audio_codec: codec, channels, sample_rate: sampleRate })

const known = (all: Words): SystemMetadata =>
  Object.fromEntries(Object.entries(all).filter((entry): entry is [string, SystemMetadata[string]] => entry[1] !== null && entry[1] !== undefined))

const rateText = ({ num, den }: Rational) => `${num}/${den}`
