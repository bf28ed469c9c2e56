import type { Rational } from '../../ports/media-engine.ts'

const KNOWN: readonly Rational[] = [
  [24000, 1001], [24, 1], [25, 1], [30000, 1001], [30, 1], [48000, 1001], [48, 1], [50, 1], [60000, 1001], [60, 1],
  [100, 1], [120000, 1001], [120, 1], [240, 1], [15000, 1001], [15, 1], [25, 2], [12, 1], [10, 1], [5, 1], [1, 1],
].map(([num = 0, den = 1]) => ({ num, den })) // prettier-ignore

/** 24 and 23.976 lie 0.1 % apart: nearer than half of that is the one and not the other. */
const SNAP_WITHIN = 0.0005
/** A film is of one rate when so many of its frames come at it. */
const LEAST_SHARE = 0.9
/** Matroska and FLV write whole milliseconds: two rounded times are up to one apart from the true distance. */
const ROUNDING_SECONDS = 0.001
/** Of a frame's length. A rate that the whole header tells stays also where a muxer moved single frames a little, as one does that fits them to the sound. */
const JITTER = { told: 0.1, guessed: 0.02 }

export interface RateFacts {
  /** Frames through duration, or what the header declares. */
  readonly average: Rational | undefined
  /** The slowest rate that all times fit, as ffprobe estimates it; twice the frame rate for some interlaced films. */
  readonly base: Rational | undefined
  readonly isInterlaced: boolean
  /** Presentation times of some frames in seconds, ascending, where the two above did not settle it. */
  readonly times?: readonly number[]
}

export interface FrameRate {
  readonly rate: Rational | null
  readonly isVariable: boolean
}

export const perSecond = ({ num, den }: Rational) => num / den

/** The broadcast rate that a measured one stands for, or itself in lowest terms. */
export function snap(rate: Rational): Rational {
  const near = KNOWN.find((known) => Math.abs(perSecond(rate) / perSecond(known) - 1) < SNAP_WITHIN)
  const divisor = greatestCommonDivisor(rate.num, rate.den)
  return near ?? { num: rate.num / divisor, den: rate.den / divisor }
}

/** Whether average and base agree, so that the header alone tells the rate. */
export function headerAgrees({ average, base, isInterlaced }: RateFacts): boolean {
  if (!average || !base) return false
  const ratio = perSecond(base) / perSecond(average)
  return Math.abs(ratio - 1) < SNAP_WITHIN || (isInterlaced && Math.abs(ratio - 2) < 2 * SNAP_WITHIN)
}

export function frameRateOf(facts: RateFacts): FrameRate {
  const { average, base, times = [] } = facts
  const distances = times.slice(1).map((time, at) => time - (times[at] ?? 0))
  if (distances.length < 3) return { rate: snapped(average ?? base), isVariable: distances.length > 0 && !headerAgrees(facts) }
  const candidates = [base, measured(distances), average].flatMap((each) => (each ? [snap(each)] : []))
  const jitter = headerAgrees(facts) ? JITTER.told : JITTER.guessed
  const best = candidates.map((rate) => ({ rate, share: shareAt(rate, distances, jitter) })).reduce((a, b) => (b.share > a.share ? b : a), { rate: { num: 1, den: 1 }, share: 0 })
  const isVariable = best.share < LEAST_SHARE || isFarFrom(best.rate, average)
  return { rate: isVariable ? snapped(average) : best.rate, isVariable }
}

const snapped = (rate: Rational | undefined) => (rate ? snap(rate) : null)

/** From the distance in the middle, which a few gaps do not move. */
function measured(distances: readonly number[]): Rational | undefined {
  const typical = [...distances].sort((a, b) => a - b)[distances.length >> 1] ?? 0
  return typical > 0 ? { num: 1_000_000, den: Math.max(1, Math.round(typical * 1_000_000)) } : undefined
}

const shareAt = (rate: Rational, distances: readonly number[], jitter: number) =>
  distances.filter((each) => Math.abs(each - 1 / perSecond(rate)) <= Math.max(ROUNDING_SECONDS, jitter / perSecond(rate))).length / distances.length

/** The beginning of a film may be regular and the rest not: its average then lies below what nine in ten frames allow. */
const isFarFrom = (rate: Rational, average: Rational | undefined) => average !== undefined && perSecond(average) < perSecond(rate) * (LEAST_SHARE - 0.05)

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? Math.max(a, 1) : greatestCommonDivisor(b, a % b)
}
