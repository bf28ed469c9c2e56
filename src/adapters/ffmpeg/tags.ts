import type { Rational } from '../../ports/media-engine.ts'
import { perSecond } from './frame-rate.ts'
import type { Report } from './report.ts'
import { shortened } from './texts.ts'

/**
 * As the file has it: from the timecode track that the film names (ffprobe writes it on the film's stream) or from another one,
 * else from the header, which is where MXF's material package, DV, GXF and AVI have theirs.
 */
export function timecodeOf({ streams, video, format }: Report): string | null {
  const track = streams.find((each) => each.codec_type === 'data' && each.tags['timecode'] !== undefined)
  const candidates = [video?.tags['timecode'], track?.tags['timecode'], format.tags['timecode']]
  return candidates.map(readTimecode).find((each) => each !== null) ?? null
}

function readTimecode(written: string | undefined): string | null {
  const parts = /^(\d\d):([0-5]\d):([0-5]\d)([:;.,])(\d{2,3})$/.exec(written?.trim() ?? '')
  return parts ? `${parts[1]}:${parts[2]}:${parts[3]}${parts[4] === ':' ? ':' : ';'}${parts[5]}` : null
}

/** Whether a muxer can count this timecode at this rate: it refuses a wrong one together with the whole film. */
export function isCountable(timecode: string, rate: Rational): boolean {
  const [hours = 99, , , frames = Infinity] = timecode.split(/[:;]/).map(Number)
  const isDropFrame = timecode.includes(';')
  const nominal = Math.round(perSecond(rate))
  return hours < 24 && frames < nominal && [24, 25, 30, 48, 50, 60].includes(nominal) && (!isDropFrame || (rate.den === 1001 && (nominal === 30 || nominal === 60)))
}

/** When it was recorded, in UTC. Apple's own key keeps the recording's time where an export renews `creation_time`. */
export function createdAtOf({ format, video, audio }: Report): string | null {
  const candidates = [format.tags['com.apple.quicktime.creationdate'], format.tags['creation_time'], video?.tags['creation_time'], audio[0]?.tags['creation_time'], format.tags['date']]
  for (const written of candidates) {
    const time = written !== undefined && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(written) ? toUtc(written) : undefined
    // Clocks that were never set write their epoch: 1904, 1970, or 2000 in some cameras' case.
    if (time !== undefined && time.getUTCFullYear() > 1970) return time.toISOString()
  }
  return null
}

function toUtc(written: string): Date | undefined {
  const iso = written.trim().replace(' ', 'T').replace(/([+-]\d\d)(\d\d)$/, '$1:$2')
  const time = new Date(/(Z|[+-]\d\d:\d\d)$/i.test(iso) ? iso : `${iso}Z`)
  return Number.isNaN(time.getTime()) ? undefined : time
}

type Tagged = Pick<Report, 'format' | 'video'>

/** Of the file, or of the film in it, where phones have it. */
function firstTag({ format, video }: Tagged, names: readonly string[]): string | undefined {
  const found = names.map((name) => format.tags[name] ?? video?.tags[name]).find((each) => each?.trim())
  return found && shortened(found.replaceAll(/\p{Cc}+/gu, ' ').trim(), MOST_CHARACTERS)
}

/** No camera has a longer name. */
const MOST_CHARACTERS = 100

/** `Canon EOS R5`, `Apple iPhone 14 Pro`: the maker once, then the model. Where it was is never read. */
export function cameraOf(report: Tagged): string | null {
  const make = firstTag(report, ['com.apple.quicktime.make', 'make', 'com.android.manufacturer', 'com.apple.proapps.manufacturer', 'manufacturer'])
  const model = firstTag(report, ['com.apple.quicktime.model', 'model', 'com.android.model', 'com.apple.proapps.cameraname', 'camera_type'])
  if (make === undefined || model === undefined) return model ?? make ?? null
  return model.toLowerCase().startsWith(make.toLowerCase()) ? model : `${make} ${model}`
}

export const lensOf = (report: Tagged): string | null => firstTag(report, ['com.apple.quicktime.camera.lens_model', 'lens_model', 'lensmodel', 'lens_type', 'lens']) ?? null
