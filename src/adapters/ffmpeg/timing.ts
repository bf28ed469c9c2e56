import type { Rational, VideoStream } from '../../ports/media-engine.ts'
import { perSecond } from './frame-rate.ts'
import type { Report } from './report.ts'
import { toMicroseconds } from './seconds.ts'

/** On what clock the frames of a proxy are written. */
export interface Timing {
  /** `num:den` seconds: what frame times are rounded to. */
  readonly encoderTimeBase: string
  /** Ticks of the MP4 track in a second; each tick of the encoder is a whole number of them. */
  readonly trackTimescale: number
  /** The film is of one rate, and its frames stand on that rate's grid. */
  readonly isOnGrid: boolean
  /** Said of the input where its frames carry no times of their own. */
  readonly inputRate: Rational | null
  /** A time in the film as the proxy will have it. */
  readonly rounded: (seconds: number) => number
}

/** Finer than any timescale in use, and whole in 24, 25, 30, 48, 50, 60 and 90000 parts. */
const FINE = 90_000
/** Times the parts below it must stay within what a muxer counts in. */
const MOST_TICKS = 1_000_000
/** Rates that a timecode may count at; an encoder's clock must not look like one, since the muxer of 2018 would count at it. */
const TIMECODE_RATES = [24, 25, 30, 48, 50, 60, 100, 120, 150]

/**
 * Frames of a film of one rate are put on a grid of a third of a frame: Matroska, FLV and MPEG-TS round their times,
 * and a player that seeks to n / rate must find frame n begun. Times of MP4 and MOV are exact, and are kept as they are where they are not on the grid.
 */
export function timingOf(report: Report, { frameRate, isVariableRate }: VideoStream): Timing {
  const format = report.format.format_name
  if (frameRate && frameRate.num <= MOST_TICKS && !isVariableRate && (!format.includes('mov') || isExactly(frameRate, report))) return onGrid(frameRate, format === 'avi')
  return asTheyAre(report)
}

function onGrid(frameRate: Rational, isAvi: boolean): Timing {
  const parts = TIMECODE_RATES.includes(Math.round(perSecond(frameRate) * 3)) ? 5 : 3
  const tick = { num: frameRate.den, den: frameRate.num * parts }
  return {
    encoderTimeBase: `${tick.num}:${tick.den}`,
    trackTimescale: tick.den * Math.ceil(10_000 / tick.den),
    isOnGrid: true,
    inputRate: isAvi ? frameRate : null,
    rounded: (seconds) => toMicroseconds((Math.round((seconds * tick.den) / tick.num) * tick.num) / tick.den),
  }
}

function asTheyAre(report: Report): Timing {
  const unit = report.video?.time_base ?? { num: 1, den: FINE }
  const isUsable = unit.num === 1 && unit.den >= 500 && unit.den <= 1_000_000
  const ticks = isUsable ? unit.den : FINE
  return { encoderTimeBase: `1:${ticks}`, trackTimescale: ticks, isOnGrid: false, inputRate: null, rounded: toMicroseconds }
}

const isExactly = (rate: Rational, { video }: Report) => {
  const average = video?.avg_frame_rate
  return average !== undefined && Math.abs(perSecond(average) / perSecond(rate) - 1) < 1e-6
}
