import type { RenderOrder } from '../../ports/media-engine.ts'
import type { Size } from './geometry.ts'
import type { Report, StreamReport } from './report.ts'
import type { Timing } from './timing.ts'

/** All that the command line of a render depends on. Results land in the working folder under the names of `RESULTS`. */
export interface RenderPlan {
  readonly order: RenderOrder
  readonly report: Report
  readonly film: FilmPlan | null
  readonly keepFrameTimes: readonly string[]
  readonly canToneMap: boolean
  readonly threads: number
}

export interface FilmPlan {
  readonly stream: StreamReport
  readonly timing: Timing
  /** When the first frame is shown, on the file's own clock. */
  readonly startSeconds: number
  readonly proxySize: Size
  readonly previewSize: Size
  readonly tileSize: Size
}

export const RESULTS = {
  proxy: 'proxy.mp4',
  audio: 'audio.m4a',
  previews: '%08d.jpg',
  previewName: (at: number) => `${String(at).padStart(8, '0')}.jpg`,
  isPreview: (name: string) => /^\d+\.jpg$/.test(name),
  tiles: 'tile-%08d.jpg',
  storyboard: 'storyboard.jpeg',
  frames: 'frames.txt',
  times: { previews: 'previews.txt', storyboard: 'storyboard.txt' },
}
