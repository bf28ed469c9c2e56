export interface Rational {
  readonly num: number
  readonly den: number
}

export interface VideoStream {
  readonly codec: string
  /** As shown: after rotation and sample aspect. */
  readonly displayWidth: number
  readonly displayHeight: number
  /** As coded. */
  readonly width: number
  readonly height: number
  /** Clockwise, in degrees: 0, 90, 180 or 270. */
  readonly rotation: number
  /** Width of a coded pixel through its height; null where the file does not say, which means 1. */
  readonly sampleAspect: Rational | null
  readonly frameRate: Rational | null
  readonly isVariableRate: boolean
  readonly frameCount: number | null
  /** The matrix, and beside it range (`tv` or `pc`), primaries and transfer, in the words of ffmpeg; null = the file does not say. */
  readonly colorSpace: string | null
  readonly colorRange: string | null
  readonly colorPrimaries: string | null
  readonly colorTransfer: string | null
  /** `HDR10` has mastering or light-level data beside PQ, `PQ` has none. */
  readonly hdr: 'HDR10' | 'PQ' | 'HLG' | 'Dolby Vision' | null
  readonly pixelFormat: string | null
  /** Of one component. */
  readonly bitDepth: number | null
  readonly profile: string | null
  /** Which field comes first; null for progressive film. */
  readonly fieldOrder: 'top' | 'bottom' | null
}

export interface AudioStream {
  readonly codec: string
  readonly channels: number
  readonly sampleRate: number | null
  /** `stereo`, `5.1(side)`, in the words of ffmpeg. */
  readonly layout: string | null
  readonly bitDepth: number | null
  /** How many sound tracks the file has. */
  readonly tracks: number
}

/** One of all the streams in a file, also of those that nothing is made of. */
export interface StreamSummary {
  readonly kind: 'video' | 'cover' | 'audio' | 'subtitle' | 'data' | 'attachment'
  readonly codec: string | null
  /** What a reader wants to know of it in a line: `1920x1080 yuv420p 25/1`, `5.1 48000 Hz`. */
  readonly details: string
  /** ISO 639, as the file has it. */
  readonly language: string | null
}

/** What is in a file. Times in seconds, as decimal text where they are stored exactly. */
export interface Probe {
  readonly format: string
  readonly durationSeconds: number | null
  readonly bitRate: number | null
  readonly video: VideoStream | null
  readonly audio: AudioStream | null
  /** As the file has it, `HH:MM:SS:FF`, or `HH:MM:SS;FF` for drop-frame. */
  readonly timecode: string | null
  readonly createdAt: string | null
  readonly camera: string | null
  readonly lens: string | null
  readonly streams: readonly StreamSummary[]
}

export interface RenderedImage {
  readonly path: string
  readonly width: number
  readonly height: number
}

export interface RenderedPreview extends RenderedImage {
  /** Number of the source frame, from 0, in the order in which frames are shown; a frame that does not decode has none, and is not in the proxy either. */
  readonly frame: number
  /** When it is shown in the proxy: seconds from the beginning of the film, also where that does not decode. */
  readonly timestampSeconds: number
}

/** A sheet of small pictures, in rows from the top left, for a scrubber. */
export interface RenderedStoryboard extends RenderedImage {
  readonly columns: number
  readonly tile: { readonly width: number; readonly height: number }
  readonly tiles: readonly { readonly frame: number; readonly timestampSeconds: number }[]
}

/** How loud the sound is over time: the lowest and the highest sample of either channel in each stretch of `samplesPerPoint`, in -128..127. Mixed to one, opposite channels would be silence. */
export interface Waveform {
  readonly sampleRate: number
  /** How many samples there were: the exact length. */
  readonly sampleCount: number
  readonly samplesPerPoint: number
  /** min, max, min, max, … */
  readonly peaks: Int8Array
}

export interface RenderedMedia {
  readonly path: string
  readonly durationSeconds: number | null
  readonly width: number | null
  readonly height: number | null
}

/** What to make in one pass over a source; a path ends in the file or folder to write, absent = not wanted. */
export interface RenderOrder {
  readonly source: string
  readonly probe: Probe
  /** `everyFrames`: a preview of frame 0, n, 2n, … Pictures land in `directory`, the longer side at most `maxSize`; at most `most` of them. */
  readonly previews?: { readonly directory: string; readonly everyFrames: number; readonly maxSize: number; readonly most?: number }
  readonly proxy?: { readonly path: string }
  readonly audio?: { readonly path: string }
  /** One JPEG of frame 0, n, 2n, … in tiles whose longer side is at most `maxSize`; at most `mostTiles` of them. */
  readonly storyboard?: { readonly path: string; readonly everyFrames: number; readonly maxSize: number; readonly mostTiles: number }
  /** At most so many points, and none shorter than 1 / `mostPerSecond`. */
  readonly waveform?: { readonly mostPoints: number; readonly mostPerSecond: number }
  readonly signal: AbortSignal
  /** 0..1, in order, as often as the tool says so. */
  readonly onProgress?: (share: number) => void
}

export interface RenderResult {
  readonly previews: readonly RenderedPreview[]
  readonly proxy: RenderedMedia | null
  readonly audio: RenderedMedia | null
  readonly storyboard: RenderedStoryboard | null
  readonly waveform: Waveform | null
  /** What was decoded, and when it ends, which is more to be trusted than what a header says; null where the film was not gone through. */
  readonly film: { readonly frameCount: number; readonly durationSeconds: number } | null
}

/**
 * Time-based media. Errors: `MediaError` (errors of the file: permanent, in words for its owner); anything else may be tried again.
 * Every process that it starts ends with the signal.
 */
export interface MediaEngine {
  probe(source: string, signal: AbortSignal): Promise<Probe>
  /** One picture near `atSeconds`, fast (by seeking): JPEG. */
  poster(order: { readonly source: string; readonly atSeconds: number; readonly target: string; readonly maxSize: number; readonly signal: AbortSignal }): Promise<RenderedImage>
  render(order: RenderOrder): Promise<RenderResult>
  /** Which tools are at hand, for `doctor` and the log; rejects when there are none. */
  describe(): Promise<{ readonly ffmpeg: string; readonly ffprobe: string; readonly version: string; readonly origin: 'configured' | 'system' | 'bundled'; readonly notes: readonly string[] }>
}

/** The file is at fault, and a new try would end the same; the message is for the file's owner. */
export class MediaError extends Error {
  /** It took more time or room than is allowed: a part of the same work may take as much again. */
  readonly isBeyondLimits: boolean

  constructor(message: string, { isBeyondLimits = false }: { readonly isBeyondLimits?: boolean } = {}) {
    super(message)
    this.name = 'MediaError'
    this.isBeyondLimits = isBeyondLimits
  }
}
