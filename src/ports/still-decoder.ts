import type { RenderedImage } from './media-engine.ts'

/** `hevc`: pictures one after another as a bare stream (Annex B), which stand side by side in the whole. The others are files of that kind. */
export type StillKind = 'hevc' | 'bmp' | 'exr' | 'psd' | 'dpx' | 'tga' | 'jpeg2000' | 'jpegxl' | 'dds'

/** What is done with the decoded picture, in order. Turned clockwise; mirrored so that left and right, or top and bottom, change places. */
export type StillStep =
  | { readonly crop: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } }
  | { readonly turn: 90 | 180 | 270 }
  | { readonly mirror: 'left-right' | 'top-bottom' }

export interface StillFile {
  readonly source: string
  readonly kind: StillKind
  readonly signal: AbortSignal
}

export interface StillOrder extends StillFile {
  /** A PNG, eight bits of red, green and blue, with transparency where the picture has it. */
  readonly target: string
  /** Of the longer side; never enlarged. */
  readonly maxSize: number
  /** In rows from the top left; absent = one. */
  readonly tiles?: { readonly columns: number; readonly rows: number }
  readonly steps?: readonly StillStep[]
  /** As H.273 counts matrices; absent = as the stream says. */
  readonly matrix?: number
  readonly isFullRange?: boolean
  /** What looks like transparency is none. */
  readonly isOpaque?: boolean
  /** Somebody waits: less memory and time. */
  readonly isTight?: boolean
}

export interface StillFacts {
  readonly width: number
  readonly height: number
  readonly bitDepth: number | null
  readonly colorSpace: string | null
}

/** Pictures of one frame in kinds that need a film's tools. Errors as in `MediaEngine`; nothing is left when it fails. */
export interface StillDecoder {
  facts(file: StillFile): Promise<StillFacts>
  decode(order: StillOrder): Promise<RenderedImage>
}
