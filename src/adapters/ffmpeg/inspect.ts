import { open, stat } from 'node:fs/promises'
import { unavailable } from '../../errors.ts'
import { MediaError } from '../../ports/media-engine.ts'
import { ffprobe, firstOf, type Kit, readStretch, type Source } from './ffprobe.ts'
import { MOST_PIXELS } from './inputs.ts'
import { heard, isMovFamily, pixelsOf, readFields, readReport, readSideData, readTimes, type Report, type StreamReport } from './report.ts'
import { told } from './told.ts'

/** What ffprobe reads from the headers of a file, without decoding more of it than ffprobe does by itself, and one frame where fields are in question. */
export async function inspect(kit: Kit, input: Source): Promise<Report> {
  if ((await sizeOf(input.source)) === 0) throw new MediaError('The file is empty.')
  const { stdout, stderrTail } = await ffprobe(kit, input, ['-show_format', '-show_streams']).catch(async (error: unknown) => {
    throw error instanceof MediaError && (await isNamedOnly(input.source)) ? new MediaError('The file is damaged, or it is not a film or sound file.') : error
  })
  const report = await withoutEmptySound(kit, input, readReport(stdout))
  refuse(report)
  if (stderrTail && (await isEncrypted(kit, input, report))) throw new MediaError('The file is encrypted.')
  return withFields(kit, input, report)
}

const sizeOf = (source: string) =>
  stat(source).then(
    ({ size }) => size,
    (cause: unknown) => {
      throw unavailable('The file to read is not there', cause)
    },
  )

/** ffprobe goes by names too, and would say of a letter named `.mp4` that its index is missing. */
async function isNamedOnly(source: string): Promise<boolean> {
  if (!/\.(?:mp4|m4[av]|mov|3g[p2]|qt)$/i.test(source)) return false
  const file = await open(source)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0)
    return bytesRead < 8 || !FIRST_BOXES.includes(buffer.toString('latin1', 4, 8))
  } finally {
    await file.close()
  }
}

/** What an MP4 or a MOV may begin with. */
const FIRST_BOXES = ['ftyp', 'styp', 'moov', 'moof', 'mdat', 'wide', 'free', 'skip', 'pnot', 'uuid', 'sidx', 'emsg', 'junk', 'pict']

function refuse({ streams, video, audio }: Report) {
  const tooLarge = streams.find((each) => pixelsOf(each) > MOST_PIXELS)
  if (tooLarge) throw new MediaError(`The picture is larger than allowed: ${tooLarge.width} × ${tooLarge.height}.`)
  if (!video && audio.length === 0) throw new MediaError('The file holds neither a picture nor sound that can be decoded.')
}

/** A track may be there without one sample in it, as when a microphone was off; an index that counts its samples tells that it is not so. */
async function withoutEmptySound(kit: Kit, input: Source, report: Report): Promise<Report> {
  if (!isMovFamily(report)) return report
  const empty: StreamReport[] = []
  for (const sound of report.sounds.slice(0, MOST_ASKED)) if (sound.nb_frames === undefined && (await isEmpty(kit, input, sound))) empty.push(sound)
  return empty.length === 0 ? report : { ...report, ...heard(report.sounds.filter((each) => !empty.includes(each))) }
}

const MOST_ASKED = 8

const isEmpty = (kit: Kit, input: Source, sound: StreamReport) =>
  readStretch(kit, input, { ...firstOf(sound, 'packet=pts,dts'), seconds: 10 }).then(
    (json) => readTimes(json).length === 0,
    (error: unknown) => {
      // It could not be read so far: what is there will be seen when it is decoded.
      if (error instanceof MediaError) return false
      throw error
    },
  )

/** The names of encrypted codecs are hidden by ffprobe, which only stumbles over their frames. */
async function isEncrypted(kit: Kit, input: Source, report: Report): Promise<boolean> {
  const main = report.video ?? report.audio[0]
  if (!main || !isMovFamily(report)) return false
  return readSideData(await readStretch(kit, input, firstOf(main, 'packet=pts:packet_side_data=side_data_type'))).some((each) => /^encryption/i.test(each))
}

/** Codecs that may be interlaced without their container saying so; DV is as a rule. */
const MAY_HAVE_FIELDS = ['dvvideo', 'mpeg2video', 'h264', 'vc1', 'wmv3', 'mpeg4']

async function withFields(kit: Kit, input: Source, report: Report): Promise<Report> {
  const { video } = report
  if (!video || told(video.field_order) !== null || !MAY_HAVE_FIELDS.includes(video.codec_name ?? '')) return report
  const field_order = readFields(await readStretch(kit, input, firstOf(video, 'frame=interlaced_frame,top_field_first')))
  const settled: StreamReport = { ...video, field_order }
  return { ...report, video: settled, streams: report.streams.map((each) => (each === video ? settled : each)) }
}
