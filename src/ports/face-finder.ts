import type { Region } from './image-engine.ts'

export interface FoundFace {
  readonly box: Region
  /** 0..1, null where the finder does not say. */
  readonly confidence: number | null
  /** Faces of one person lie in one direction; the length says nothing. Null where the finder makes none: such a face is of nobody yet. */
  readonly embedding: readonly number[] | null
}

/** Finds faces in a picture. Errors: `MediaError` where the picture is at fault; anything else may be tried again. */
export interface FaceFinder {
  find(picture: Buffer, options: { readonly contentType: string; readonly signal: AbortSignal }): Promise<readonly FoundFace[]>
}
