import type { RenderPlan } from './render-plan.ts'
import type { Report } from './report.ts'
import { WAVEFORM_RATE } from './waveform.ts'

/** The graph of the sound, and none of the film's: in one graph each waits for the other's first frame and keeps raw pictures meanwhile. */
export function soundFilters({ order, report, film }: RenderPlan): readonly string[] {
  const intoProxy = film !== null && order.proxy !== undefined && report.audio.length > 0
  const wanted = [...(intoProxy ? ['[sound]'] : []), ...(order.audio ? ['[audio]'] : []), ...(order.waveform ? ['[waveform]'] : [])]
  if (wanted.length === 0) return []
  const filters = [
    ...channelFilters(report),
    // Starts with the film, and holes in the sound stay holes instead of closing up.
    `aresample=${WAVEFORM_RATE}:async=1${film ? ':first_pts=0' : ''}`,
    'aformat=sample_fmts=fltp:channel_layouts=stereo',
    `asplit=${wanted.length}`,
  ]
  return [`${report.audio.map(({ index }) => `[0:${index}]`).join('')}${filters.join(',')}${wanted.join('')}`]
}

function channelFilters({ audio: [first, second] }: Report): readonly string[] {
  if (second) return ['amerge=inputs=2']
  // Without a known layout there is no rule for mixing: the first two channels are taken.
  const isUnknown = first !== undefined && (first.channels ?? 0) > 2 && (first.channel_layout ?? 'unknown') === 'unknown'
  return isUnknown ? ['pan=stereo|c0=c0|c1=c1'] : []
}
