import { rm } from 'node:fs/promises'
import { MediaError, type RenderOrder, type RenderResult } from '../../ports/media-engine.ts'
import { deliver } from './deliver.ts'
import { expectSuccess } from './faults.ts'
import { fit, geometryOf } from './geometry.ts'
import { listener } from './listener.ts'
import { durationOf, firstFrameSeconds, inspect, type Kit } from './probe.ts'
import { progressReader } from './progress.ts'
import { renderArguments, type FilmPlan } from './render-arguments.ts'
import type { Report } from './report.ts'
import { timingOf } from './timing.ts'
import { makeWorkFolder } from './work-folder.ts'

interface Setting {
  readonly tempDir: string
  readonly threads: number | undefined
}

/** One ffmpeg for all that is wanted. Results are whole in their places, or none is there. */
export async function render(kit: Kit, order: RenderOrder, { tempDir, threads }: Setting): Promise<RenderResult> {
  const report = await inspect(kit, order)
  refuseWhatIsNotThere(order, report)
  const film = await planFilm(kit, order, report)
  const durationSeconds = durationOf(report)
  const folder = await makeWorkFolder(tempDir, 'render')
  try {
    const args = await renderArguments({ order, report, film, keepFrameTimes: kit.tools.keepFrameTimes, threads })
    const heard = listener()
    const framesPerCount = order.proxy ? 1 : (order.previews?.everyFrames ?? 1)
    const ended = await kit.runner.run({
      program: kit.tools.ffmpeg,
      args,
      signal: order.signal,
      limits: limitsFor(durationSeconds),
      cwd: folder,
      onStderrLine: heard.hear,
      onStdoutLine: progressReader(order.probe, framesPerCount, (share) => order.onProgress?.(share)),
    })
    expectSuccess(ended, order.source)
    return await deliver({ kit, order, folder, film, heard, durationSeconds })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function refuseWhatIsNotThere({ previews, proxy, audio }: RenderOrder, report: Report) {
  if (!report.video && (previews || proxy)) throw new MediaError('The file holds no moving picture.')
  if (report.audio.length === 0 && audio) throw new MediaError('The file holds no sound.')
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
  }
}

/** A length that a header claims gives no more room than a working day of film. */
const LONGEST_TRUSTED = 10 * 3600

/** Far above what any film takes: ten times its length by the clock, and 20 Mbit for each second of it. */
function limitsFor(durationSeconds: number | null) {
  const trusted = Math.min(durationSeconds ?? LONGEST_TRUSTED, LONGEST_TRUSTED)
  return { seconds: 600 + 10 * trusted, fileBytes: 2 ** 30 + 2_500_000 * Math.ceil(trusted) }
}
