import type { Probe } from '../../ports/media-engine.ts'
import { perSecond } from './frame-rate.ts'

/** Reads `-progress` lines; calls back with 0..1, ascending. Film is counted in frames, since shifted clocks confuse ffmpeg's own time. */
export function progressReader({ video, durationSeconds }: Probe, isFilm: boolean, onProgress: (share: number) => void) {
  const rate = video?.frameRate
  const frames = video && isFilm ? (video.frameCount ?? (rate && durationSeconds ? Math.round(durationSeconds * perSecond(rate)) : null)) : null
  let reported = 0
  const report = (share: number) => {
    const bounded = Math.min(1, share)
    if (!(bounded > reported)) return
    reported = bounded
    onProgress(bounded)
  }
  return (line: string) => {
    const [name, value = ''] = line.split('=')
    // Before the end is said there may be an index to move to the front.
    if (name === 'frame' && frames) report(Math.min(0.99, Number(value) / frames))
    // Microseconds, whatever the name says.
    else if (name === 'out_time_ms' && !isFilm && durationSeconds) report(Math.min(0.99, Number(value) / 1_000_000 / durationSeconds))
    else if (name === 'progress' && value.trim() === 'end') report(1)
  }
}
