import type { Probe } from '../../ports/media-engine.ts'
import { describeAudio, describeVideo, summaries } from './describe-streams.ts'
import { startSeconds, trueDuration } from './duration.ts'
import { firstOf, type Kit, readStretch, type Source } from './ffprobe.ts'
import { headerAgrees, perSecond, type RateFacts } from './frame-rate.ts'
import { needsFirstFrame } from './hdr.ts'
import { inspect } from './inspect.ts'
import { isInterlaced, isMovFamily, readSideData, readTimes, type Report, type StreamReport } from './report.ts'
import { cameraOf, createdAtOf, lensOf, timecodeOf } from './tags.ts'

export { durationOf, startSeconds } from './duration.ts'
export type { Kit, Source } from './ffprobe.ts'
export { inspect } from './inspect.ts'

export async function probe(kit: Kit, input: Source): Promise<Probe> {
  const report = await inspect(kit, input)
  const sample = await sampleOf(kit, input, report)
  const seconds = await trueDuration(report, (stretch) => readStretch(kit, input, { ...stretch, entries: PACKETS }), sample?.isWhole ? sample.json : undefined)
  const video = report.video ? describeVideo(report.video, { rates: ratesOf(report.video, sample), sideData: await firstSideData(kit, input, report.video), seconds }) : null
  return {
    format: formatName(report),
    durationSeconds: seconds,
    bitRate: report.format.bit_rate ?? null,
    video,
    audio: describeAudio(report),
    timecode: timecodeOf(report),
    createdAt: createdAtOf(report),
    camera: cameraOf(report),
    lens: lensOf(report),
    streams: summaries(report, video?.frameRate ?? null),
  }
}

function formatName(report: Report): string {
  const brand = report.format.tags['major_brand']?.trim() ?? ''
  if (!isMovFamily(report)) return report.format.format_name.split(',')[0] ?? 'unknown'
  return brand === 'qt' ? 'mov' : brand === 'M4A' ? 'm4a' : /^3g/.test(brand) ? '3gp' : 'mp4'
}

/** So many frames are read to judge a rate that the header does not settle: some seconds of film. */
const SAMPLE = 400
const PACKETS = 'packet=pts,dts,duration'

interface Sample {
  readonly json: string
  /** In the film's own unit, ascending. */
  readonly times: readonly number[]
  /** The film has no more packets than these. */
  readonly isWhole: boolean
}

const headerRates = (video: StreamReport): RateFacts => ({ average: video.avg_frame_rate, base: video.r_frame_rate, isInterlaced: isInterlaced(video) })

/** MP4 and MOV have the time of every frame in their header; elsewhere a declared rate is checked against a sample. */
async function sampleOf(kit: Kit, input: Source, report: Report): Promise<Sample | undefined> {
  const { video } = report
  if (!video || (isMovFamily(report) && headerAgrees(headerRates(video)))) return undefined
  const json = await readStretch(kit, input, { stream: video, intervals: `%+#${SAMPLE}`, entries: PACKETS })
  const times = readTimes(json)
  return { json, times, isWhole: times.length < SAMPLE }
}

function ratesOf(video: StreamReport, sample: Sample | undefined): RateFacts {
  const facts = headerRates(video)
  if (!sample) return facts
  const unit = perSecond(video.time_base ?? { num: 1, den: 1 })
  // The last few in time may have neighbours that the sample does not reach: frames are stored in the order of decoding.
  return { ...facts, times: sample.times.slice(0, sample.isWhole ? undefined : -16).map((each) => each * unit) }
}

async function firstSideData(kit: Kit, input: Source, video: StreamReport): Promise<readonly string[]> {
  if (!needsFirstFrame(video)) return []
  return readSideData(await readStretch(kit, input, firstOf(video, 'frame=pts:frame_side_data=side_data_type')))
}

/**
 * When the first frame that decodes is shown, in seconds on the file's own clock. Recordings of a stream may begin between keyframes;
 * every other container begins with one, and its start is the first frame's.
 */
export async function firstFrameSeconds(kit: Kit, input: Source, report: Report): Promise<number> {
  const main = report.video ?? report.audio[0]
  const start = main ? startSeconds(main) : 0
  if (!report.video || !/^mpeg(ts)?$/.test(report.format.format_name)) return start
  const [first] = readTimes(await readStretch(kit, input, { stream: report.video, intervals: '%+#100', entries: 'frame=best_effort_timestamp' }))
  return first === undefined ? start : startSeconds({ ...report.video, start_pts: first })
}
