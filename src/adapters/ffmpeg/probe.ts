import { stat } from 'node:fs/promises'
import { unavailable } from '../../errors.ts'
import { MediaError, type AudioStream, type Probe, type Rational, type VideoStream } from '../../ports/media-engine.ts'
import type { Runner } from '../run.ts'
import { expectSuccess } from './faults.ts'
import { frameRateOf, headerAgrees, perSecond, type RateFacts } from './frame-rate.ts'
import { geometryOf } from './geometry.ts'
import { fileUrl, inputOptions, MOST_PIXELS } from './inputs.ts'
import type { Tools } from './locate.ts'
import { isInterlaced, pixelsOf, readReport, readTimes, type Report, type StreamReport } from './report.ts'
import { cameraOf, createdAtOf, timecodeOf } from './tags.ts'

export interface Kit {
  readonly runner: Runner
  readonly tools: Tools
}

export interface Source {
  readonly source: string
  readonly signal: AbortSignal
}

/** What ffprobe reads from the headers of a file, without decoding it. */
export async function inspect(kit: Kit, { source, signal }: Source): Promise<Report> {
  if ((await sizeOf(source)) === 0) throw new MediaError('The file is empty.')
  const report = readReport(await ffprobe(kit, { source, signal }, ['-show_format', '-show_streams']))
  const tooLarge = report.streams.find((each) => pixelsOf(each) > MOST_PIXELS)
  if (tooLarge) throw new MediaError(`The picture is larger than allowed: ${tooLarge.width} × ${tooLarge.height}.`)
  if (!report.video && report.audio.length === 0) throw new MediaError('The file holds neither a picture nor sound that can be decoded.')
  return report
}

const sizeOf = (source: string) =>
  stat(source).then(
    ({ size }) => size,
    (cause: unknown) => {
      throw unavailable('The file to read is not there', cause)
    },
  )

export async function probe(kit: Kit, input: Source): Promise<Probe> {
  const report = await inspect(kit, input)
  const { video, audio, format } = report
  const sound = audio[0]
  return {
    format: formatName(report),
    durationSeconds: durationOf(report),
    bitRate: format.bit_rate ?? null,
    video: video ? describeVideo(video, await rateFacts(kit, input, report)) : null,
    audio: sound ? describeAudio(sound, audio.length) : null,
    timecode: timecodeOf(report),
    createdAt: createdAtOf(report),
    camera: cameraOf(report),
  }
}

function describeVideo(video: StreamReport, facts: RateFacts): VideoStream {
  const { coded, rotation, display } = geometryOf(video)
  const { rate, isVariable } = frameRateOf(facts)
  return {
    codec: video.codec_name ?? 'unknown',
    displayWidth: display.width,
    displayHeight: display.height,
    ...coded,
    rotation,
    frameRate: rate,
    isVariableRate: isVariable,
    frameCount: video.nb_frames !== undefined && isPlausible(video.nb_frames, video, rate) ? video.nb_frames : null,
    colorSpace: video.color_space ?? video.color_primaries ?? null,
    pixelFormat: video.pix_fmt ?? null,
  }
}

/** AVI counts its empty chunks too, which stand for frames that are shown on. */
const isPlausible = (frames: number, { duration }: StreamReport, rate: Rational | null) =>
  duration === undefined || rate === null || frames <= duration * perSecond(rate) * 1.02 + 2

const describeAudio = (sound: StreamReport, tracks: number): AudioStream => ({
  codec: sound.codec_name ?? 'unknown',
  channels: tracks === 2 ? 2 : (sound.channels ?? 0),
  sampleRate: sound.sample_rate ?? null,
})

const isMovFamily = ({ format }: Report) => format.format_name.split(',').includes('mov')

function formatName(report: Report): string {
  const names = report.format.format_name.split(',')
  const brand = report.format.tags['major_brand']?.trim()
  return isMovFamily(report) ? (brand === 'qt' ? 'mov' : brand === 'M4A' ? 'm4a' : 'mp4') : (names[0] ?? 'unknown')
}

/** A month: beyond it lies no recording, only a wrong header. */
const LONGEST_SECONDS = 31 * 86_400

/** The film's own length rather than that of its container, which may count a longer track or lie; a sound's, for sound. */
export function durationOf({ video, audio, format }: Report): number | null {
  const main = video ?? audio[0]
  const written = [main?.duration, clockSeconds(main?.tags['DURATION']), format.duration].find((each) => each !== undefined && each > 0 && each < LONGEST_SECONDS)
  // Matroska's length is the time of its end, also where it does not begin at 0.
  const start = format.format_name.startsWith('matroska') && main ? startSeconds(main) : 0
  return written === undefined ? null : Math.round((written > start ? written - start : written) * 1_000_000) / 1_000_000
}

const startSeconds = ({ start_pts = 0, time_base }: StreamReport) => (time_base ? start_pts * perSecond(time_base) : 0)

/** Matroska keeps the length of a track as `00:01:02.500000000`. */
function clockSeconds(written: string | undefined): number | undefined {
  const parts = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(written ?? '')
  return parts ? Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]) : undefined
}

/** So many frames are read to judge a rate that the header does not settle: some seconds of film. */
const SAMPLE = 400

/** MP4 and MOV have the time of every frame in their header; elsewhere a declared rate is checked against a sample. */
async function rateFacts(kit: Kit, input: Source, report: Report): Promise<RateFacts> {
  const { video } = report
  const facts = { average: video?.avg_frame_rate, base: video?.r_frame_rate, isInterlaced: video !== undefined && isInterlaced(video) }
  if (!video || (isMovFamily(report) && headerAgrees(facts))) return facts
  const unit = video.time_base ?? { num: 1, den: 1 }
  const times = readTimes(await ffprobe(kit, input, ['-select_streams', String(video.index), '-read_intervals', `%+#${SAMPLE}`, '-show_entries', 'packet=pts,dts']))
  // The last few in time may have neighbours that the sample does not reach: frames are stored in the order of decoding.
  return { ...facts, times: times.slice(0, times.length >= SAMPLE ? -16 : undefined).map((each) => each * perSecond(unit)) }
}

/**
 * When the first frame that decodes is shown, in seconds on the file's own clock. Recordings of a stream may begin between keyframes;
 * every other container begins with one, and its start is the first frame's.
 */
export async function firstFrameSeconds(kit: Kit, input: Source, report: Report): Promise<number> {
  const main = report.video ?? report.audio[0]
  const start = main ? startSeconds(main) : 0
  if (!report.video || !/^mpeg(ts)?$/.test(report.format.format_name)) return start
  const entries = ['-select_streams', String(report.video.index), '-read_intervals', '%+#100', '-show_entries', 'frame=best_effort_timestamp']
  const [first] = readTimes(await ffprobe(kit, input, entries))
  return first === undefined ? start : startSeconds({ ...report.video, start_pts: first })
}

const PROBE_LIMITS = { seconds: 60, fileBytes: 0 }

async function ffprobe({ runner, tools }: Kit, { source, signal }: Source, entries: readonly string[]): Promise<string> {
  const args = ['-hide_banner', '-v', 'error', ...inputOptions(), ...entries, '-of', 'json=compact=1', '-i', fileUrl(source)]
  return expectSuccess(await runner.run({ program: tools.ffprobe, args, signal, limits: PROBE_LIMITS }), source).stdout
}
