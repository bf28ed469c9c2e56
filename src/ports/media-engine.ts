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
  readonly frameRate: Rational | null
  readonly isVariableRate: boolean
  readonly frameCount: number | null
  readonly colorSpace: string | null
  readonly pixelFormat: string | null
}

export interface AudioStream {
  readonly codec: string
  readonly channels: number
  readonly sampleRate: number | null
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
}

export interface RenderedImage {
  readonly path: string
  readonly width: number
  readonly height: number
}

export interface RenderedPreview extends RenderedImage {
  /** Number of the source frame, from 0, in the order in which frames are shown. */
  readonly frame: number
  /** Seconds from the first frame of the film. */
  readonly timestampSeconds: number
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
  /** `everyFrames`: a preview of frame 0, n, 2n, … Pictures land in `directory`, the longer side at most `maxSize`. */
  readonly previews?: { readonly directory: string; readonly everyFrames: number; readonly maxSize: number }
  readonly proxy?: { readonly path: string }
  readonly audio?: { readonly path: string }
  readonly signal: AbortSignal
  /** 0..1, in order, as often as the tool says so. */
  readonly onProgress?: (share: number) => void
}

export interface RenderResult {
  readonly previews: readonly RenderedPreview[]
  readonly proxy: RenderedMedia | null
  readonly audio: RenderedMedia | null
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
  constructor(message: string) {
    super(message)
    this.name = 'MediaError'
  }
}
