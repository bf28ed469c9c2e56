import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MediaError, type MediaEngine, type RenderedImage } from '../../ports/media-engine.ts'
import { toPicture, type Look } from './colour.ts'
import { explainFile, failureOf } from './faults.ts'
import { fit, geometryOf } from './geometry.ts'
import { fileUrl, inputOptions } from './inputs.ts'
import { memoryFor, MOST_THREADS } from './memory.ts'
import { firstFrameSeconds, inspect, type Kit } from './probe.ts'
import type { Report, StreamReport } from './report.ts'
import { isWritten, makeWorkFolder, moveInto } from './work-folder.ts'

type PosterOrder = Parameters<MediaEngine['poster']>[0]

interface Place {
  readonly tempDir: string
}

/** A picture of the film, or the cover of a piece of music. */
export async function poster(kit: Kit, order: PosterOrder, { tempDir }: Place): Promise<RenderedImage> {
  const report = await inspect(kit, order)
  const picture = report.video ?? report.cover
  if (!picture) throw new MediaError('The file holds no picture.')
  const size = fit(geometryOf(picture).display, { longer: order.maxSize })
  const folder = await makeWorkFolder(tempDir, 'poster')
  try {
    const made = join(folder, 'poster.jpg')
    // Behind the last frame, or where an index is broken, seeking finds nothing: then the first frame is better than none.
    const starts = report.video && order.atSeconds > 0 ? [order.atSeconds, 0] : [0]
    let said = ''
    const filmSeconds = await filmStart(kit, order, report)
    for (const atSeconds of starts) {
      const seekSeconds = atSeconds > 0 ? filmSeconds + atSeconds : 0
      const args = posterArguments({ report, picture, look: { size, canToneMap: kit.tools.canToneMap }, source: order.source, seekSeconds, target: made })
      const ended = await kit.runner.run({ program: kit.tools.ffmpeg, args, signal: order.signal, limits: { ...LIMITS, ...memoryFor(picture) } })
      if (await isWritten(made)) return { path: await moveInto(made, order.target), ...size }
      if (ended.code !== 0 && atSeconds === 0) throw failureOf(ended, order.source)
      said = ended.stderrTail
    }
    throw explainFile(said.replaceAll(order.source, ''), 'No picture of it could be decoded')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** When the film begins, from where the file does, which may be with its sound. */
const filmStart = async (kit: Kit, order: PosterOrder, report: Report) =>
  report.video && report.format.start_time !== undefined ? (await firstFrameSeconds(kit, order, report)) - report.format.start_time : 0

const LIMITS = { seconds: 120, fileBytes: 64 * 1024 ** 2 }

interface PosterPlan {
  readonly report: Report
  readonly picture: StreamReport
  readonly look: Look
  readonly source: string
  /** From the beginning of the file, as `-ss` takes it. */
  readonly seekSeconds: number
  readonly target: string
}

/** A plain list: fluent-ffmpeg has no word for `-frames:v` of one stream by number, and nothing is left for it to compose. */
const posterArguments = ({ report, picture, look, source, seekSeconds, target }: PosterPlan): readonly string[] => [
  ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+error'],
  ...[...inputOptions(report.format.format_name), '-threads', String(MOST_THREADS)],
  ...(seekSeconds > 0 ? ['-ss', seekSeconds.toFixed(6)] : []),
  ...['-i', fileUrl(source), '-map', `0:${picture.index}`, '-an', '-sn', '-dn', '-frames:v', '1'],
  ...['-vf', toPicture(picture, look).join(','), '-c:v', 'mjpeg', '-q:v', '3', '-map_metadata', '-1', '-f', 'image2', '-update', '1', '-y', fileUrl(target)],
]
