import { MediaError } from '../../ports/media-engine.ts'
import type { Stretch } from './ffprobe.ts'
import { perSecond } from './frame-rate.ts'
import { isMovFamily, type Report, readEnd, type StreamReport } from './report.ts'
import { toMicroseconds } from './seconds.ts'

/** A month: beyond it lies no recording, only a wrong header. */
const LONGEST_SECONDS = 31 * 86_400

/** The film's own length rather than that of its container, which may count a longer track or lie; a sound's, for sound. As headers have it. */
export function durationOf(report: Report): number | null {
  const { format } = report
  const main = mainOf(report)
  const written = [main?.duration, clockSeconds(main?.tags['duration']), format.duration].find((each) => each !== undefined && each > 0 && each < LONGEST_SECONDS)
  // Matroska's length is the time of its end, also where it does not begin at 0.
  const start = format.format_name.startsWith('matroska') && main ? startSeconds(main) : 0
  return written === undefined ? null : toMicroseconds(written > start ? written - start : written)
}

const mainOf = ({ video, audio }: Report) => video ?? audio[0]
export const startSeconds = ({ start_pts = 0, time_base }: StreamReport) => (time_base ? start_pts * perSecond(time_base) : 0)

/** Matroska keeps the length of a track as `00:01:02.500000000`. */
function clockSeconds(written: string | undefined): number | undefined {
  const parts = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(written ?? '')
  return parts ? Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]) : undefined
}

/**
 * Where a length stands in the header alone. Not MP4 and MOV, whose index has the time of every frame, unless they come in fragments;
 * not Ogg and MPEG-TS, whose end ffprobe reads by itself; not MP3 and FLAC, which count their samples.
 */
const CLAIMS = /^(?:matroska|avi|asf|flv|mpeg|nut|rm|ivf|mxf|aac|ac3|eac3|dts|amr)\b/

export const isOnlyClaimed = (report: Report): boolean =>
  durationOf(report) === null || CLAIMS.test(report.format.format_name) || (isMovFamily(report) && report.video !== undefined && report.video.nb_frames === undefined)

/** Asks ffprobe for packets of one stream. */
type ReadPackets = (stretch: Omit<Stretch, 'entries'>) => Promise<string>

/** Behind the end of any film: seeking there leads to its last keyframe. A file without an index is read through, but no longer than this. */
const END = { intervals: `${LONGEST_SECONDS}%+#5000`, seconds: 10 }

/** A claim that is so near is right, and more exact than times that are rounded. Of sound: what encoders put before and after it. */
function nearSeconds(main: StreamReport): number {
  const rate = rateOf(main)
  return main.codec_type === 'video' && rate ? Math.max(0.5 / perSecond(rate), 0.002) : 0.15
}

/** The header's length where the last packets agree with it, else theirs. `sample`: all packets of the film, where they were read already. */
export async function trueDuration(report: Report, read: ReadPackets, sample: string | undefined): Promise<number | null> {
  const claimed = durationOf(report)
  const main = mainOf(report)
  if (!main || !isOnlyClaimed(report)) return claimed
  const measured = lengthBy(main, sample ?? (await read({ stream: main, ...END }).catch(unlessStopped)))
  if (measured <= 0 || (claimed !== null && Math.abs(measured - claimed) <= nearSeconds(main))) return claimed
  return measured
}

/** From the film's start to the end of its last packet; 0 where there is none. */
function lengthBy(main: StreamReport, packets: string): number {
  const unit = main.time_base ? perSecond(main.time_base) : 0
  const rate = rateOf(main)
  const end = readEnd(packets, rate && unit ? 1 / perSecond(rate) / unit : 0)
  return end === undefined ? 0 : toMicroseconds(end * unit - startSeconds(main))
}

const rateOf = ({ avg_frame_rate, r_frame_rate }: StreamReport) => avg_frame_rate ?? r_frame_rate

/** A file that cannot be read to its end keeps the length that it claims. */
function unlessStopped(error: unknown): string {
  if (error instanceof MediaError) return '{}'
  throw error
}
