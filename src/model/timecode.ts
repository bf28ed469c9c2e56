import type { Rational } from '../ports/media-engine.ts'

/** What a timecode label says, field by field. */
interface Label {
  readonly minutes: number
  readonly seconds: number
  readonly frames: number
  /** Since 00:00, the hours' with the minutes'. */
  readonly totalMinutes: number
  /** The mark before the frames is not `:`. */
  readonly isMarkedDropFrame: boolean
}

export interface StartTimecode {
  readonly frames: number
  readonly isDropFrame: boolean
}

/**
 * A start timecode in frames: `HH:MM:SS:FF`, with `;` before the frames where labels are dropped (two a minute at 29.97, four at 59.94, but for every
 * tenth minute: SMPTE ST 12-1). Null where it is no timecode at this rate.
 */
export function timecodeFrames(timecode: string, rate: Rational): StartTimecode | null {
  const label = readLabel(timecode)
  const base = Math.round(rate.num / rate.den)
  if (!label || label.frames >= base) return null
  const isDropFrame = label.isMarkedDropFrame && rate.den === 1001 && (base === 30 || base === 60)
  const dropped = isDropFrame ? base / 15 : 0 // a minute
  if (isNeverCounted(label, dropped)) return null
  const { totalMinutes, seconds, frames } = label
  return { frames: (totalMinutes * 60 + seconds) * base + frames - dropped * (totalMinutes - Math.floor(totalMinutes / 10)), isDropFrame }
}

function readLabel(timecode: string): Label | null {
  const match = /^(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})$/.exec(timecode)
  if (!match) return null
  const [hours, minutes, seconds, frames] = [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[5])]
  if (minutes > 59 || seconds > 59) return null
  return { minutes, seconds, frames, totalMinutes: hours * 60 + minutes, isMarkedDropFrame: match[4] !== ':' }
}

/** The first labels of a minute are the dropped ones, but for every tenth. */
const isNeverCounted = ({ minutes, seconds, frames }: Label, dropped: number) => seconds === 0 && frames < dropped && minutes % 10 !== 0
