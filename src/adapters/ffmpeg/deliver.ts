import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MediaError, type RenderedMedia, type RenderedPreview, type RenderOrder, type RenderResult, type Waveform } from '../../ports/media-engine.ts'
import { explainFile, SHORT_OF_MEMORY } from './faults.ts'
import { countsFrames } from './film-filters.ts'
import { countFrames, readFrameTimes } from './frame-log.ts'
import { perSecond } from './frame-rate.ts'
import { giveLastFrameItsDuration } from './last-frame.ts'
import type { Heard } from './listener.ts'
import { durationOf, inspect, startSeconds, type Kit } from './probe.ts'
import { RESULTS, type FilmPlan } from './render-plan.ts'
import type { Report } from './report.ts'
import { toMicroseconds } from './seconds.ts'
import { joinTiles } from './storyboard.ts'
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
  refuseStarved(made)
  refuseLostGap(made)
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
  const { folder, film, order } = made
  if (!order.previews) return []
  const { everyFrames, directory } = order.previews
  const count = (await readdir(folder)).filter(RESULTS.isPreview).length
  if (count === 0 || !film) throw undecodable(made)
  const shown = await timesOf(made, 'previews', everyFrames)
  if (count !== shown.length) throw new Error(`ffmpeg told the times of ${shown.length} previews and wrote ${count}`)
  return shown.map((each) => ({ path: join(directory, `${String(each.frame).padStart(8, '0')}.jpg`), ...film.previewSize, ...each }))
}

async function readSheet(made: Made) {
  const { kit, order, folder, film } = made
  const { storyboard } = order
  if (!storyboard) return null
  const tiles = await timesOf(made, 'storyboard', storyboard.everyFrames)
  if (tiles.length === 0 || !film) throw undecodable(made)
  return joinTiles({ kit, order, storyboard, folder, tile: film.tileSize, tiles })
}

/** As in the proxy: a film whose beginning does not decode starts with that late, and none before its beginning. */
async function timesOf(made: Made, which: keyof typeof RESULTS.times, everyFrames: number) {
  const times = await readFrameTimes(join(made.folder, RESULTS.times[which]))
  const start = Math.min(0, times[0] ?? 0)
  return times.map((time, at) => {
    const frame = at * everyFrames
    const seconds = time - start
    return { frame, timestampSeconds: Number.isNaN(seconds) ? frame * frameSeconds(made) : (made.film?.timing.rounded(seconds) ?? seconds) }
  })
}

/** Of one frame, also where the rate varies. */
const frameSeconds = ({ order }: Made) => (order.probe.video?.frameRate ? 1 / perSecond(order.probe.video.frameRate) : 0.04)

const countedFilm = async (made: Made) => (countsFrames(made) ? ((await countFrames(join(made.folder, RESULTS.frames), frameSeconds(made))) ?? null) : null)

async function readProxy(made: Made) {
  if (!made.order.proxy) return null
  await giveLastFrameItsDuration(join(made.folder, RESULTS.proxy), frameSeconds(made))
  const { media, report } = await readMedia(made, RESULTS.proxy, made.order.proxy.path)
  if (media.width === null) throw undecodable(made)
  return { media, film: { frameCount: report.video?.nb_frames ?? 0, durationSeconds: endOf(report) } }
}

/** On the film's clock: frames at the beginning may be missing. */
const endOf = (report: Report) => toMicroseconds(Math.max(0, report.video ? startSeconds(report.video) : 0) + (durationOf(report) ?? 0))

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

/** A frame for which memory was refused may be left out without a failure: then the numbers of all that follow are wrong. */
function refuseStarved({ heard, order }: Made) {
  const lines = heard.errors.filter((line) => SHORT_OF_MEMORY.test(line))
  if (lines.length > 0) throw explainFile(lines.join('\n').replaceAll(order.source, ''), 'It needs more memory than is allowed')
}

/** The resampler goes on at once after a gap that is too long for it: what follows would be heard long before it is seen. */
function refuseLostGap({ heard }: Made) {
  if (heard.errors.some((line) => /failed to compensate for timestamp delta/i.test(line))) throw new MediaError('Its sound has a gap that is too long to be kept.')
}

/** A few lost frames at the end are no reason to refuse a film. */
const ENOUGH = 0.95

function refuseBrokenOff({ heard, durationSeconds }: Made, reached: number | undefined) {
  const isCut = heard.errors.some((line) => /partial file|ended prematurely|\bread error\b/i.test(line))
  if (!isCut || durationSeconds === null || reached === undefined || reached >= durationSeconds * ENOUGH) return
  throw new MediaError(`The file is incomplete: it breaks off after ${reached.toFixed(1)} of ${durationSeconds.toFixed(1)} seconds.`)
}
