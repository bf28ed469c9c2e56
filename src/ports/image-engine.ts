import type { RenderedImage } from './media-engine.ts'

export interface ImageInfo {
  readonly format: string
  /** As shown: after EXIF orientation. */
  readonly width: number
  readonly height: number
  readonly colorSpace: string | null
  readonly pages: number
  readonly createdAt: string | null
  readonly camera: string | null
  readonly lens: string | null
  /** Of one component. */
  readonly bitDepth: number | null
}

/** Three bytes to a pixel, sRGB, rows from the top. */
export interface Pixels {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

/** A part of a picture, in shares of its width and height, from the top left as it is shown. */
export interface Region {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface RenditionOrder {
  readonly source: string
  readonly target: string
  readonly maxSize: number
  /** The part to keep; absent = all of it. */
  readonly region?: Region
  /** What needs much memory to decode is refused: for pictures that somebody waits for. Photos are streamed, whatever their size. */
  readonly isTight?: boolean
  readonly signal: AbortSignal
}

/** Still pictures. Errors as in `MediaEngine`: `MediaError` when the file is at fault. Input pixels are bounded. */
export interface ImageEngine {
  read(source: string, signal?: AbortSignal): Promise<ImageInfo>
  /** An upright sRGB JPEG without any metadata, the longer side at most `maxSize`, never enlarged. */
  rendition(order: RenditionOrder): Promise<RenderedImage>
  /** A rendition of ours in few pixels, the longer side at most `maxSize`, to be counted and weighed. */
  pixels(source: string, maxSize: number): Promise<Pixels>
  /** Writes a PNG of four bytes to a pixel (RGBA). */
  draw(pixels: Pixels, target: string): Promise<RenderedImage>
}
