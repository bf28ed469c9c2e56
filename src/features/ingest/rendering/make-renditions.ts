import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageEngine } from '../../../ports/image-engine.ts'
import { MediaError, type MediaEngine, type Probe, type RenderedImage, type RenderedMedia, type RenderedPreview, type RenderedStoryboard, type RenderResult, type Waveform } from '../../../ports/media-engine.ts'
import type { Renderable } from '../ingest.jobs.ts'
import { paletteOf } from './palette.ts'
import { mostTelling } from './poster-choice.ts'
import type { Rgb, SourceLength, StoryboardFacts } from './renditions.repository.ts'
import { claimedFrames, framesBetweenPreviews, framesBetweenTiles, isFarFrom, mostPreviews, mostTiles } from './spacing.ts'
import { drawnWaveform, waveformJson } from './waveform.ts'

export interface Engines {
  readonly media: MediaEngine
  readonly images: ImageEngine
}
interface Order {
  readonly source: string
  readonly folder: string
  readonly outputs: readonly Renderable[]
  readonly signal: AbortSignal
  readonly onProgress: (share: number) => void
}

export type MadeFile = { readonly path: string } & (
  | { readonly kind: 'preview'; readonly frame: number; readonly timestampSeconds: number | null; readonly width: number; readonly height: number }
  | { readonly kind: 'poster' | 'proxy' | 'audio_proxy' | 'waveform' | 'waveform_image'; readonly width: number | null; readonly height: number | null }
  | { readonly kind: 'storyboard'; readonly width: number; readonly height: number; readonly facts: StoryboardFacts }
)

export interface MadeOfSource {
  readonly files: readonly MadeFile[]
  /** Null: not looked for. */
  readonly palette: readonly Rgb[] | null
  /** How long the source turned out to be; null where nobody went through it. */
  readonly length: SourceLength | null
}

const previewSize = 512
const posterSize = 1920
const tileSize = 160
/** Enough for colours and for light and dark. */
const glanceSize = 64
/** So many looks tell the colours of a film. */
const mostGlances = 24
/** Up to 50 points a second, which is a third of a minute on a wide screen; an hour has four to five. */
const waveform = { mostPoints: 16_384, mostPerSecond: 50 }

export async function renderImage({ images }: Engines, { source, folder, outputs, signal }: Order): Promise<MadeOfSource> {
  const poster = await images.rendition({ source, target: join(folder, 'poster.jpg'), maxSize: posterSize, signal })
  const { files, palette } = await shownAs(images, folder, { poster, signal })
  return { files: outputs.includes('preview') ? files : [], palette: outputs.includes('color_palette') ? palette : null, length: null }
}

/** All in one pass; a second one only where a header was far from the truth about how much film there is. */
export async function renderMedia(engines: Engines, order: Order): Promise<MadeOfSource> {
  const { media } = engines
  const { source, folder, outputs, signal, onProgress } = order
  const probe = await media.probe(source, signal)
  const orders = {
    ...(probe.video && wantsPictures(order) && (await pictureOrders(folder, claimedFrames(probe), probe))),
    ...(outputs.includes('proxy') && { proxy: { path: join(folder, 'proxy.mp4') } }),
    ...(outputs.includes('audio_proxy') && { audio: { path: join(folder, 'audio.m4a') } }),
    ...(outputs.includes('audio') && { waveform }),
  }
  const made = Object.keys(orders).length > 0 ? await media.render({ source, probe, ...orders, signal, onProgress }) : nothing
  const pictures = await picturesOf(engines, order, { probe, made })
  return {
    files: [...(outputs.includes('preview') ? pictures.files : []), ...played('proxy', made.proxy), ...played('audio_proxy', made.audio), ...(await shownSound(engines, folder, made.waveform))],
    palette: outputs.includes('color_palette') ? pictures.palette : null,
    length: lengthOf(probe, made),
  }
}

const wantsPictures = ({ outputs }: Order) => outputs.includes('preview') || outputs.includes('color_palette')

async function pictureOrders(folder: string, frames: number | null, probe: Probe) {
  const directory = join(folder, 'previews')
  await mkdir(directory, { recursive: true })
  return {
    previews: { directory, everyFrames: framesBetweenPreviews(probe, frames), maxSize: previewSize, most: 2 * mostPreviews },
    storyboard: { path: join(folder, 'storyboard.jpg'), everyFrames: framesBetweenTiles(probe, frames), maxSize: tileSize, mostTiles },
  }
}

const nothing: RenderResult = { previews: [], proxy: null, audio: null, storyboard: null, waveform: null, film: null }

interface Rendered {
  readonly probe: Probe
  readonly made: RenderResult
}

interface Pictures {
  readonly files: readonly MadeFile[]
  readonly palette: readonly Rgb[]
}
const noPictures: Pictures = { files: [], palette: [] }

async function picturesOf(engines: Engines, order: Order, { probe, made }: Rendered): Promise<Pictures> {
  if (!wantsPictures(order)) return noPictures
  return probe.video ? picturesOfFilm(engines, order, { probe, made }) : coverOf(engines, order)
}

async function picturesOfFilm({ media, images }: Engines, { source, folder, signal, outputs }: Order, { probe, made }: Rendered): Promise<Pictures> {
  const again = isMisspaced(probe, made) ? await media.render({ source, probe, ...(await pictureOrders(folder, made.film.frameCount, probe)), signal }) : made
  const previews = await thinnedOut(again.previews)
  const glances = await Promise.all(previews.map(({ path }) => images.pixels(path, glanceSize)))
  const palette = paletteOf(spread(glances, mostGlances))
  if (!outputs.includes('preview')) return { files: [], palette }
  const telling = previews[mostTelling(glances)]
  const poster = await posterAt({ media }, { source, telling, target: join(folder, 'poster.jpg'), signal })
  const files: MadeFile[] = [...previews.map((each) => ({ kind: 'preview', ...each }) as const), ...(poster ? [{ kind: 'poster', ...poster } as const] : []), ...storyboardFile(again.storyboard)]
  return { files, palette }
}

interface PosterOrder {
  readonly source: string
  readonly telling: RenderedPreview | undefined
  readonly target: string
  readonly signal: AbortSignal
}

/** Larger than the preview that was chosen; where seeking there fails, that is better than none. */
async function posterAt({ media }: Pick<Engines, 'media'>, { source, telling, target, signal }: PosterOrder): Promise<RenderedImage | undefined> {
  try {
    return await media.poster({ source, atSeconds: telling?.timestampSeconds ?? 0, target, maxSize: posterSize, signal })
  } catch (error) {
    if (error instanceof MediaError) return telling
    throw error
  }
}

/** A header that promised far more or far less film than there is led to too few pictures, or to all of them at its beginning. */
const isMisspaced = (probe: Probe, made: RenderResult): made is RenderResult & { readonly film: NonNullable<RenderResult['film']> } =>
  made.film !== null &&
  [framesBetweenPreviews, framesBetweenTiles].some((step) => isFarFrom(step(probe, claimedFrames(probe)), step(probe, made.film?.frameCount ?? null)))

/** Music is shown by its cover. One that is damaged is no reason to say that anything failed. */
async function coverOf({ media, images }: Engines, { source, folder, signal }: Order): Promise<Pictures> {
  try {
    const poster = await media.poster({ source, atSeconds: 0, target: join(folder, 'poster.jpg'), maxSize: posterSize, signal })
    return await shownAs(images, folder, { poster, signal })
  } catch (error) {
    if (error instanceof MediaError) return noPictures
    throw error
  }
}

/** A poster with a preview and the colours of it, rather than of the source, which may take seconds to decode. */
async function shownAs(images: ImageEngine, folder: string, { poster, signal }: { readonly poster: RenderedImage; readonly signal: AbortSignal }): Promise<Pictures> {
  const preview = await images.rendition({ source: poster.path, target: join(folder, 'preview.jpg'), maxSize: previewSize, signal })
  const palette = paletteOf([await images.pixels(preview.path, glanceSize)])
  return { files: [{ kind: 'preview', frame: 0, timestampSeconds: null, ...preview }, { kind: 'poster', ...poster }], palette }
}

/** Where a length was not known there may be more than are wanted. */
async function thinnedOut(previews: readonly RenderedPreview[]): Promise<readonly RenderedPreview[]> {
  const step = Math.ceil(previews.length / mostPreviews)
  await Promise.all(previews.filter((_, at) => at % step !== 0).map(({ path }) => rm(path, { force: true })))
  return previews.filter((_, at) => at % step === 0)
}

const spread = <T>(all: readonly T[], most: number) => all.filter((_, at) => at % Math.ceil(all.length / most) === 0)

function storyboardFile(storyboard: RenderedStoryboard | null): MadeFile[] {
  if (!storyboard) return []
  const { path, width, height, columns, tile, tiles } = storyboard
  return [{ kind: 'storyboard', path, width, height, facts: { columns, tile: [tile.width, tile.height], tiles: tiles.map(({ frame, timestampSeconds }) => [frame, timestampSeconds] as const) } }]
}

const played = (kind: 'proxy' | 'audio_proxy', media: RenderedMedia | null): MadeFile[] => (media ? [{ kind, path: media.path, width: media.width, height: media.height }] : [])

async function shownSound({ images }: Engines, folder: string, sound: Waveform | null): Promise<MadeFile[]> {
  if (!sound) return []
  const path = join(folder, 'waveform.json')
  await writeFile(path, waveformJson(sound))
  return [
    { kind: 'waveform', path, width: null, height: null },
    { kind: 'waveform_image', ...(await images.draw(drawnWaveform(sound), join(folder, 'waveform.png'))) },
  ]
}

/** A film's is that of its pictures, and is not told by its sound alone. */
function lengthOf({ video }: Probe, { film, waveform: sound }: RenderResult): MadeOfSource['length'] {
  if (film) return { seconds: film.durationSeconds, frameCount: film.frameCount }
  return sound && !video ? { seconds: Math.round((sound.sampleCount / sound.sampleRate) * 1000) / 1000, frameCount: null } : null
}
