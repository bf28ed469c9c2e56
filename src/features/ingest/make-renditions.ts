import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageEngine } from '../../ports/image-engine.ts'
import type { MediaEngine, Probe } from '../../ports/media-engine.ts'
import type { Renderable } from './ingest.jobs.ts'

interface Order {
  readonly source: string
  readonly folder: string
  readonly signal: AbortSignal
  readonly onProgress: (share: number) => void
}

export type MadeFile = { readonly path: string } & (
  | { readonly kind: 'preview'; readonly frame: number; readonly timestampSeconds: number | null; readonly width: number; readonly height: number }
  | { readonly kind: 'poster' | 'proxy' | 'audio_proxy'; readonly width: number | null; readonly height: number | null }
)

const previewSize = 512
const posterSize = 1920

export async function renderImage(images: ImageEngine, { source, folder, signal }: Order): Promise<MadeFile[]> {
  const preview = await images.rendition({ source, target: join(folder, 'preview.jpg'), maxSize: previewSize, signal })
  const poster = await images.rendition({ source, target: join(folder, 'poster.jpg'), maxSize: posterSize, signal })
  return [
    { kind: 'preview', frame: 0, timestampSeconds: null, ...preview },
    { kind: 'poster', ...poster },
  ]
}

export async function renderMedia(media: MediaEngine, { source, folder, signal, onProgress }: Order, outputs: readonly Renderable[]): Promise<MadeFile[]> {
  const probe = await media.probe(source, signal)
  const wantsPreviews = outputs.includes('preview') && probe.video !== null
  const directory = join(folder, 'previews')
  if (wantsPreviews) await mkdir(directory)
  const poster = wantsPreviews ? await media.poster({ source, atSeconds: posterAt(probe), target: join(folder, 'poster.jpg'), maxSize: posterSize, signal }) : null
  const made = await media.render({
    source,
    probe,
    ...(wantsPreviews && { previews: { directory, everyFrames: framesBetweenPreviews(probe), maxSize: previewSize } }),
    ...(outputs.includes('proxy') && { proxy: { path: join(folder, 'proxy.mp4') } }),
    ...(outputs.includes('audio_proxy') && { audio: { path: join(folder, 'audio.m4a') } }),
    signal,
    onProgress,
  })
  return [
    ...(poster ? [{ kind: 'poster', ...poster } as const] : []),
    ...made.previews.map((each) => ({ kind: 'preview', ...each }) as const),
    ...(made.proxy ? [{ kind: 'proxy', ...made.proxy } as const] : []),
    ...(made.audio ? [{ kind: 'audio_proxy', ...made.audio } as const] : []),
  ]
}

/** A tenth into the film: past the slate, before anything is given away. */
const posterAt = ({ durationSeconds }: Probe) => Math.min((durationSeconds ?? 0) / 10, 30)

/** One preview every five seconds, but at least eight of a film and at most sixty: then they stand further apart. */
export function framesBetweenPreviews({ durationSeconds, video }: Probe): number {
  const rate = video?.frameRate ? video.frameRate.num / video.frameRate.den : 25
  const frames = video?.frameCount ?? Math.ceil((durationSeconds ?? 0) * rate)
  const wanted = Math.min(60, Math.max(8, Math.ceil((durationSeconds ?? 0) / 5)))
  return Math.max(1, Math.ceil(frames / wanted))
}
