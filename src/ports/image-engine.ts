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
}

/** Still pictures. Errors as in `MediaEngine`: `MediaError` when the file is at fault. Input pixels are bounded. */
export interface ImageEngine {
  read(source: string): Promise<ImageInfo>
  /** An upright sRGB JPEG without any metadata, the longer side at most `maxSize`, never enlarged. */
  rendition(order: { readonly source: string; readonly target: string; readonly maxSize: number; readonly signal: AbortSignal }): Promise<RenderedImage>
}
