import { type Fault, invalid, notFound } from '../../errors.ts'
import type { PicturedAsset, PreviewRow } from './face-views.repository.ts'

/** Where in an asset a face is, and what shows it. */
export interface FaceSpot {
  readonly frame: number | null
  readonly timestampSeconds: number | null
  /** Null: no preview shows that moment. */
  readonly picture: { readonly key: string } | null
}
interface Wish {
  readonly preview_id?: string | null | undefined
  readonly timestamp?: number | null | undefined
}

/** In a still its one preview is meant; in a film exactly one of preview and time is asked for. */
export function spotOf(asset: PicturedAsset, previews: readonly PreviewRow[], { preview_id: previewId = null, timestamp = null }: Wish): FaceSpot {
  if (asset.type !== 'IMAGE' && asset.type !== 'VIDEO') throw invalid(fault('bounding_box', 'Faces are seen in pictures and films; this asset is neither', 'state'))
  if (previewId !== null && timestamp !== null) throw invalid(fault('timestamp', 'Give exactly one of preview_id and timestamp', 'conflicting'))
  if (previewId !== null) return ofPreview(previews.find((each) => each.id === previewId.toLowerCase()))
  if (asset.type === 'IMAGE') return ofStill(previews, timestamp)
  if (timestamp === null) throw invalid(fault('preview_id', 'In a film a face needs preview_id or timestamp', 'missing'))
  return ofMoment(asset, previews, timestamp)
}

const fault = (field: string, msg: string, type: Fault['type']): Fault => ({ loc: ['body', field], msg, type })

function ofPreview(preview: PreviewRow | undefined): FaceSpot {
  if (!preview) throw notFound('Preview')
  return { frame: preview.frame, timestampSeconds: preview.timestampSeconds, picture: preview }
}

function ofStill(previews: readonly PreviewRow[], timestamp: number | null): FaceSpot {
  if (timestamp !== null) throw invalid(fault('timestamp', 'A still has no time', 'conflicting'))
  return { frame: 0, timestampSeconds: null, picture: previews[0] ?? null }
}

/** A moment between previews is of none of them; the nearest shows it, where it is nearer than half the way to the next. */
function ofMoment({ durationSeconds, frameRateNum, frameRateDen }: PicturedAsset, previews: readonly PreviewRow[], timestamp: number): FaceSpot {
  if (durationSeconds !== null && timestamp > Number(durationSeconds)) throw invalid(fault('timestamp', `The film is ${Number(durationSeconds)} seconds long`, 'range'))
  const distance = (preview: PreviewRow) => Math.abs((preview.timestampSeconds ?? 0) - timestamp)
  const nearest = previews.toSorted((one, other) => distance(one) - distance(other))[0]
  if (!nearest) return { frame: null, timestampSeconds: timestamp, picture: null }
  const frameSeconds = frameRateNum !== null && frameRateDen !== null ? frameRateDen / frameRateNum : 0.001
  if (distance(nearest) < frameSeconds / 2) return ofPreview(nearest)
  return { frame: null, timestampSeconds: timestamp, picture: distance(nearest) <= spacingOf(previews) / 2 ? nearest : null }
}

function spacingOf(previews: readonly PreviewRow[]): number {
  const [first, last] = [previews[0]?.timestampSeconds ?? 0, previews.at(-1)?.timestampSeconds ?? 0]
  return previews.length < 2 ? 0 : (last - first) / (previews.length - 1)
}
