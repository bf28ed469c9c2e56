import type { ImageInfo } from '../../ports/image-engine.ts'
import type { AudioStream, Probe, Rational, StreamSummary, VideoStream } from '../../ports/media-engine.ts'
import type { SystemMetadata } from './sources.repository.ts'

/** What may be known: a word without a value is left out. */
type Words = Readonly<Record<string, SystemMetadata[string] | undefined>>

/** What a probe found, in the contract's words. Absent = the file does not say. Where a camera stood is never among them. */
export function metadataOfProbe({ format, durationSeconds, bitRate, video, audio, timecode, createdAt, camera, lens, streams }: Probe): SystemMetadata {
  return known({
    container: format,
    duration: durationSeconds,
    bit_rate: bitRate,
    ...(video && wordsOfVideo(video)),
    ...(audio && wordsOfAudio(audio)),
    timecode,
    drop_frame: timecode?.includes(';'),
    created_at: createdAt,
    camera,
    lens,
    ...Object.fromEntries(streams.slice(0, mostStreams).map((each, at) => [`stream_${at}`, streamLine(each)])),
  })
}

/** A file may claim thousands. */
const mostStreams = 32

export const metadataOfImage = (image: ImageInfo): SystemMetadata =>
  known({
    container: image.format,
    width: image.width,
    height: image.height,
    bit_depth: image.bitDepth,
    color_space: image.colorSpace,
    created_at: image.createdAt,
    camera: image.camera,
    lens: image.lens,
  })

const wordsOfVideo = (video: VideoStream): Words => ({
  width: video.displayWidth,
  height: video.displayHeight,
  sample_aspect_ratio: video.sampleAspect && `${video.sampleAspect.num}:${video.sampleAspect.den}`,
  video_codec: video.codec,
  video_profile: video.profile,
  frame_rate: video.frameRate && rateText(video.frameRate),
  variable_frame_rate: video.isVariableRate,
  frame_count: video.frameCount,
  field_order: video.fieldOrder,
  rotation: video.rotation,
  color_space: video.colorSpace,
  color_range: video.colorRange,
  color_primaries: video.colorPrimaries,
  color_transfer: video.colorTransfer,
  hdr: video.hdr,
  pixel_format: video.pixelFormat,
  bit_depth: video.bitDepth,
})

const wordsOfAudio = ({ codec, channels, layout, sampleRate, bitDepth, tracks }: AudioStream): Words => ({
  audio_codec: codec,
  channels,
  channel_layout: layout,
  sample_rate: sampleRate,
  audio_bit_depth: bitDepth,
  audio_tracks: tracks,
})

/** `video hevc 3840x2160 yuv420p10le 24000/1001`, `audio aac 5.1 48000 Hz eng`. */
const streamLine = ({ kind, codec, details, language }: StreamSummary) => [kind, codec, details, language].filter(Boolean).join(' ')

const known = (all: Words): SystemMetadata =>
  Object.fromEntries(Object.entries(all).filter((entry): entry is [string, SystemMetadata[string]] => entry[1] !== null && entry[1] !== undefined))

const rateText = ({ num, den }: Rational) => `${num}/${den}`
