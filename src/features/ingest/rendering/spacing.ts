import type { Probe } from '../../../ports/media-engine.ts'

export const mostPreviews = 60
export const mostTiles = 200

/** What the header says; null where it does not. */
export function claimedFrames(probe: Probe): number | null {
  const { durationSeconds, video } = probe
  return video?.frameCount ?? (durationSeconds === null ? null : Math.ceil(durationSeconds * rateOf(probe)))
}

const rateOf = ({ video }: Probe) => (video?.frameRate ? video.frameRate.num / video.frameRate.den : 25)

/** One preview every five seconds, but at least eight of a film and at most sixty: then they stand further apart. */
export const framesBetweenPreviews = (probe: Probe, frames: number | null): number => spacing(probe, frames, { seconds: 5, least: 8, most: mostPreviews })

/** A scrubber's pictures: one every second, but at least ten and at most two hundred. */
export const framesBetweenTiles = (probe: Probe, frames: number | null): number => spacing(probe, frames, { seconds: 1, least: 10, most: mostTiles })

function spacing(probe: Probe, frames: number | null, { seconds, least, most }: { readonly seconds: number; readonly least: number; readonly most: number }): number {
  if (frames === null) return Math.max(1, Math.round(rateOf(probe) * seconds))
  const wanted = Math.min(most, Math.max(least, Math.ceil(frames / rateOf(probe) / seconds)))
  return Math.max(1, Math.ceil(frames / wanted))
}

/** Whether pictures at this step are half as many as are wanted, or twice as many, since a header was wrong about how much film there is. */
export const isFarFrom = (step: number, wanted: number) => step > 2 * wanted || wanted > 2 * step
