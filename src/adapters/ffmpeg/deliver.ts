import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MediaError, type RenderedMedia, type RenderedPreview, type RenderOrder, type RenderResult } from '../../ports/media-engine.ts'
import { explainFile } from './faults.ts'
import { perSecond } from './frame-rate.ts'
import { giveLastFrameItsDuration } from './last-frame.ts'
import type { Heard } from './listener.ts'
import { durationOf, inspect, type Kit } from './probe.ts'
import { RESULTS, type FilmPlan } from './render-arguments.ts'
import { moveInto } from './work-folder.ts'

/** What a render that ended well left behind. */
export interface Made {
  readonly kit: Kit
  readonly order: RenderOrder
  readonly folder: string
  readonly film: FilmPlan | null
  readonly heard: Heard
  /** Of the source. */
  readonly durationSeconds: number | null
}

/** Judges what was made, then puts it in its places: all of it, or nothing. */
export async function deliver(made: Made): Promise<RenderResult> {
  const { order } = made
  const result = {
    previews: order.previews ? await readPreviews(made, order.previews) : [],
    proxy: order.proxy ? await readProxy(made, order.proxy.path) : null,
    audio: order.audio ? await readMedia(made, RESULTS.audio, order.audio.path) : null,
  }
  refuseBrokenOff(made, reachedSeconds(result))
  order.signal.throwIfAborted()
  const previews = result.previews.map(({ path }, at) => [RESULTS.previewName(at), path] as const)
  const media = [[RESULTS.proxy, result.proxy?.path] as const, [RESULTS.audio, result.audio?.path] as const]
  await moveAll(made.folder, [...previews, ...media])
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

const reachedSeconds = ({ previews, proxy, audio }: RenderResult) => proxy?.durationSeconds ?? audio?.durationSeconds ?? previews.at(-1)?.timestampSeconds

const undecodable = ({ order, heard }: Made) => explainFile(heard.errors.join('\n').replaceAll(order.source, ''), 'Not one frame of the film could be decoded')

async function readPreviews(made: Made, { everyFrames, directory }: NonNullable<RenderOrder['previews']>): Promise<readonly RenderedPreview[]> {
  const { folder, film, heard } = made
  const count = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).length
  if (count === 0 || !film) throw undecodable(made)
  if (count !== heard.times.length) throw new Error(`ffmpeg told the times of ${heard.times.length} previews and wrote ${count}`)
  const first = heard.times[0] ?? Number.NaN
  return heard.times.map((time, at) => {
    const frame = at * everyFrames
    const seconds = (time - first) / 1_000_000
    const timestampSeconds = Number.isNaN(seconds) ? atRate(frame, made) : film.timing.rounded(seconds)
    return { path: join(directory, `${String(frame).padStart(8, '0')}.jpg`), ...film.previewSize, frame, timestampSeconds }
  })
}

/** For frames without a time of their own. */
const atRate = (frame: number, { order }: Made) => (order.probe.video?.frameRate ? frame / perSecond(order.probe.video.frameRate) : 0)

async function readProxy(made: Made, target: string): Promise<RenderedMedia> {
  const rate = made.order.probe.video?.frameRate
  await giveLastFrameItsDuration(join(made.folder, RESULTS.proxy), rate ? 1 / perSecond(rate) : 0.04)
  const proxy = await readMedia(made, RESULTS.proxy, target)
  if (proxy.width === null) throw undecodable(made)
  return proxy
}

async function readMedia(made: Made, name: string, target: string): Promise<RenderedMedia> {
  const report = await inspect(made.kit, { source: join(made.folder, name), signal: made.order.signal }).catch((error: unknown) => {
    // That a result cannot be read says that nothing of the source could be decoded into it.
    throw error instanceof MediaError ? undecodable(made) : error
  })
  return { path: target, durationSeconds: durationOf(report), width: report.video?.width ?? null, height: report.video?.height ?? null }
}

/** A few lost frames at the end are no reason to refuse a film. */
const ENOUGH = 0.95

function refuseBrokenOff({ heard, durationSeconds }: Made, reached: number | undefined) {
  const isCut = heard.errors.some((line) => /partial file|ended prematurely/i.test(line))
  if (!isCut || durationSeconds === null || reached === undefined || reached >= durationSeconds * ENOUGH) return
  throw new MediaError(`The file is incomplete: it breaks off after ${reached.toFixed(1)} of ${durationSeconds.toFixed(1)} seconds.`)
}
