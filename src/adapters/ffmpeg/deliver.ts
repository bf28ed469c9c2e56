import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MediaError, type RenderedMedia, type RenderedPreview, type RenderOrder, type RenderResult, type Waveform } from '../../ports/media-engine.ts'
import { explainFile } from './faults.ts'
import { readFrameLog } from './film-facts.ts'
import { countsFrames } from './film-filters.ts'
import { perSecond } from './frame-rate.ts'
import { giveLastFrameItsDuration } from './last-frame.ts'
import type { Heard, Shown } from './listener.ts'
import { durationOf, inspect, type Kit } from './probe.ts'
import { RESULTS, type FilmPlan } from './render-plan.ts'
import type { Report } from './report.ts'
import { readStoryboard } from './storyboard.ts'
import { WAVEFORM_RATE, type PeakReader } from './waveform.ts'
import { moveInto } from './work-folder.ts'

/** What a render that ended well left behind. */
export interface Made {
  readonly kit: Kit
  readonly order: RenderOrder
  readonly folder: string
  readonly film: FilmPlan | null
  readonly heard: Heard
  readonly peaks: PeakReader | null
  /** Of the source. */
  readonly durationSeconds: number | null
}

/** Judges what was made, then puts it in its places: all of it, or nothing. */
export async function deliver(made: Made): Promise<RenderResult> {
  const proxy = await readProxy(made)
  const result = {
    previews: await readPreviews(made),
    proxy: proxy?.media ?? null,
    audio: await readAudio(made),
    storyboard: await readSheet(made),
    waveform: readPeaks(made),
    film: proxy?.film ?? (await countedFilm(made)),
  }
  refuseBrokenOff(made, reachedSeconds(made, result))
  made.order.signal.throwIfAborted()
  const previews = result.previews.map(({ path }, at) => [RESULTS.previewName(at), path] as const)
  const others = (['proxy', 'audio', 'storyboard'] as const).map((each) => [RESULTS[each], result[each]?.path] as const)
  await moveAll(made.folder, [...previews, ...others])
  return result
}

async function moveAll(folder: string, moves: readonly (readonly [name: string, target: string | undefined])[]) {
  const delivered: string[] = []
  try {
    for (const [name, target] of moves) if (target !== undefined) delivered.push(await moveInto(join(folder, name), target))
  } catch (error) {
    await Promise.all(delivered.map((path) => rm(path, { force: true })))
    throw error
  }
}

const reachedSeconds = ({ peaks }: Made, { film, audio }: RenderResult) => film?.durationSeconds ?? audio?.durationSeconds ?? (peaks ? peaks.count() / WAVEFORM_RATE : undefined)

const undecodable = ({ order, heard }: Made, what = 'Not one frame of the film could be decoded') => explainFile(heard.errors.join('\n').replaceAll(order.source, ''), what)
const silent = (made: Made) => undecodable(made, 'Nothing of the sound could be decoded')

async function readPreviews(made: Made): Promise<readonly RenderedPreview[]> {
  const { folder, film, heard, order } = made
  if (!order.previews) return []
  const { everyFrames, directory } = order.previews
  const count = (await readdir(folder)).filter(RESULTS.isPreview).length
  if (count === 0 || !film) throw undecodable(made)
  const shown = timesOf(made, 'previews', everyFrames)
  if (count !== shown.length) throw new Error(`ffmpeg told the times of ${heard.times.previews.length} previews and wrote ${count}`)
  return shown.map((each) => ({ path: join(directory, `${String(each.frame).padStart(8, '0')}.jpg`), ...film.previewSize, ...each }))
}

async function readSheet(made: Made) {
  const { kit, order, folder, film } = made
  const { storyboard } = order
  if (!storyboard) return null
  const tiles = timesOf(made, 'storyboard', storyboard.everyFrames)
  if (tiles.length === 0 || !film) throw undecodable(made)
  return readStoryboard({ kit, order, storyboard, folder, name: RESULTS.storyboard, sheet: film.sheet, tiles })
}

function timesOf(made: Made, which: Shown, everyFrames: number) {
  const times = made.heard.times[which]
  const first = times[0] ?? Number.NaN
  return Array.from(times, (time = Number.NaN, at) => {
    const frame = at * everyFrames
    const seconds = (time - first) / 1_000_000
    return { frame, timestampSeconds: Number.isNaN(seconds) ? frame * frameSeconds(made) : (made.film?.timing.rounded(seconds) ?? seconds) }
  })
}

/** Of one frame, also where the rate varies. */
const frameSeconds = ({ order }: Made) => (order.probe.video?.frameRate ? 1 / perSecond(order.probe.video.frameRate) : 0.04)

const countedFilm = async (made: Made) => (countsFrames(made) ? ((await readFrameLog(join(made.folder, RESULTS.frames), frameSeconds(made))) ?? null) : null)

async function readProxy(made: Made) {
  if (!made.order.proxy) return null
  await giveLastFrameItsDuration(join(made.folder, RESULTS.proxy), frameSeconds(made))
  const { media, report } = await readMedia(made, RESULTS.proxy, made.order.proxy.path)
  if (media.width === null) throw undecodable(made)
  return { media, film: { frameCount: report.video?.nb_frames ?? 0, durationSeconds: media.durationSeconds ?? 0 } }
}

const readAudio = async (made: Made) => (made.order.audio ? (await readMedia(made, RESULTS.audio, made.order.audio.path)).media : null)

async function readMedia(made: Made, name: string, target: string): Promise<{ readonly media: RenderedMedia; readonly report: Report }> {
  const report = await inspect(made.kit, { source: join(made.folder, name), signal: made.order.signal }).catch((error: unknown) => {
    // That a result cannot be read says that nothing of the source could be decoded into it.
    if (!(error instanceof MediaError)) throw error
    throw name === RESULTS.audio ? silent(made) : undecodable(made)
  })
  return { media: { path: target, durationSeconds: durationOf(report), width: report.video?.width ?? null, height: report.video?.height ?? null }, report }
}

function readPeaks(made: Made): Waveform | null {
  if (made.peaks?.count() === 0) throw silent(made)
  return made.peaks?.finish() ?? null
}

/** A few lost frames at the end are no reason to refuse a film. */
const ENOUGH = 0.95

function refuseBrokenOff({ heard, durationSeconds }: Made, reached: number | undefined) {
  const isCut = heard.errors.some((line) => /partial file|ended prematurely|\bread error\b/i.test(line))
  if (!isCut || durationSeconds === null || reached === undefined || reached >= durationSeconds * ENOUGH) return
  throw new MediaError(`The file is incomplete: it breaks off after ${reached.toFixed(1)} of ${durationSeconds.toFixed(1)} seconds.`)
}
