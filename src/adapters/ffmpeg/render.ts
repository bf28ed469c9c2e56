import { rm } from 'node:fs/promises'
import { MediaError, type RenderOrder, type RenderResult } from '../../ports/media-engine.ts'
import { deliver } from './deliver.ts'
import { expectSuccess } from './faults.ts'
import { fit, geometryOf } from './geometry.ts'
import { listener } from './listener.ts'
import { memoryFor } from './memory.ts'
import { durationOf, firstFrameSeconds, inspect, type Kit } from './probe.ts'
import { progressReader } from './progress.ts'
import { renderArguments } from './render-arguments.ts'
import type { FilmPlan } from './render-plan.ts'
import { pixelsOf, type Report, type StreamReport } from './report.ts'
import { timingOf } from './timing.ts'
import { peakReader } from './waveform.ts'
import { makeWorkFolder } from './work-folder.ts'

interface Setting {
  readonly tempDir: string
  readonly threads: number
}

/** One ffmpeg for all that is wanted. Results are whole in their places, or none is there. */
export async function render(kit: Kit, order: RenderOrder, setting: Setting): Promise<RenderResult> {
  const report = await inspect(kit, order)
  refuseWhatIsNotThere(order, report)
  try {
    return await renderFrom(report, kit, { order, ...setting })
  } catch (error) {
    // A proxy without sound is better than none, when nobody asked for the sound alone.
    const mayBeSilent = order.proxy && !order.audio && !order.waveform && report.audio.length > 0
    if (!mayBeSilent || !(error instanceof MediaError)) throw error
    return renderFrom({ ...report, audio: [] }, kit, { order, ...setting })
  }
}

async function renderFrom(report: Report, kit: Kit, { order, tempDir, threads }: Setting & { readonly order: RenderOrder }): Promise<RenderResult> {
  const film = await planFilm(kit, order, report)
  const durationSeconds = durationOf(report)
  const folder = await makeWorkFolder(tempDir, 'render')
  try {
    const { keepFrameTimes, canToneMap } = kit.tools
    const args = await renderArguments({ order, report, film, keepFrameTimes, canToneMap, threads })
    const heard = listener()
    const peaks = order.waveform ? peakReader(order.waveform) : null
    const ended = await kit.runner.run({
      program: kit.tools.ffmpeg,
      args,
      signal: order.signal,
      limits: { ...limitsFor(order.probe.durationSeconds ?? durationSeconds, report.video), ...memoryFor(report.video) },
      cwd: folder,
      onStderrLine: heard.hear,
      onStdoutLine: progressReader(order.probe, isFilm(order), (share) => order.onProgress?.(share)),
      ...(peaks && { onData: peaks.push }),
    })
    expectSuccess(ended, order.source)
    return await deliver({ kit, order, folder, film, heard, peaks, durationSeconds })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const isFilm = ({ previews, proxy, storyboard }: RenderOrder) => previews !== undefined || proxy !== undefined || storyboard !== undefined

function refuseWhatIsNotThere(order: RenderOrder, report: Report) {
  if (!report.video && isFilm(order)) throw new MediaError('The file holds no moving picture.')
  if (report.audio.length === 0 && (order.audio || order.waveform)) throw new MediaError('The file holds no sound.')
}

async function planFilm(kit: Kit, order: RenderOrder, report: Report): Promise<FilmPlan | null> {
  const stream = report.video
  if (!stream || !order.probe.video) return null
  const { display } = geometryOf(stream)
  return {
    stream,
    timing: timingOf(report, order.probe.video),
    startSeconds: await firstFrameSeconds(kit, order, report),
    proxySize: fit(display, { longer: 1920, shorter: 1080, even: true }),
    previewSize: fit(display, { longer: order.previews?.maxSize ?? 512 }),
    // In even numbers, since the sheet's chroma is halved.
    tileSize: fit(display, { longer: order.storyboard?.maxSize ?? 160, even: true }),
  }
}

/** A length that a header claims gives no more room than a working day of film. */
const LONGEST_TRUSTED = 10 * 3600

/** An hour of film at this size takes some ten minutes; larger pictures take longer in proportion. */
const PIXELS_OF_1080P = 1920 * 1080

/** Far above what any film takes: ten times its length by the clock, and 20 Mbit for each second of it. */
function limitsFor(durationSeconds: number | null, picture: StreamReport | undefined) {
  const trusted = Math.min(durationSeconds ?? LONGEST_TRUSTED, LONGEST_TRUSTED)
  const size = Math.max(1, picture ? pixelsOf(picture) / PIXELS_OF_1080P : 1)
  return { seconds: Math.ceil(size * (180 + 10 * trusted)), fileBytes: 128 * 1024 ** 2 + 2_500_000 * Math.ceil(trusted) }
}
