import type { StreamReport } from './report.ts'

/** Diffuse white of PQ and HLG in nits (ITU-R BT.2408), which becomes what SDR white is reached from. */
const REFERENCE_WHITE = 203
/** What is brighter is white: few films are mastered above it, and what they say about themselves is not to be relied on. */
const BRIGHTEST = 1000
/** Below this share of diffuse white, in linear light, SDR shows what was meant; above it highlights are pressed together. */
const UNTOUCHED = 0.5

export const MATRICES = ['bt709', 'smpte170m', 'bt470bg', 'bt2020nc']
const WIDE_PRIMARIES = ['bt2020', 'smpte432', 'smpte431']
const HDR_TRANSFERS = ['smpte2084', 'arib-std-b67']
const SDR_TRANSFERS = ['bt709', 'smpte170m', 'bt2020-10', 'bt2020-12', 'iec61966-2-1']

export const isRgb = ({ pix_fmt = '' }: StreamReport) => /^(rgb|bgr|gbr|argb|abgr|pal8|0rgb|0bgr)/.test(pix_fmt)

const isHdr = ({ color_transfer = '' }: StreamReport) => HDR_TRANSFERS.includes(color_transfer)

/** Whether BT.709 players would show it wrongly: PQ, HLG, or the wide gamut of BT.2020 and P3. */
export const isBeyondSdr = (stream: StreamReport) => isHdr(stream) || WIDE_PRIMARIES.includes(stream.color_primaries ?? '')

/** What it is to become: for a film as players expect it, or for a picture as a JPEG is read. */
export type SdrTarget = 'film' | 'picture'

/** Frames that were scaled already, in light of BT.709. In float, which is why scaling comes first. */
export const toSdr = (stream: StreamReport, target: SdrTarget): readonly string[] => [
  // zscale refuses odd sizes of halved chroma.
  `format=${isRgb(stream) ? 'gbrp10le' : 'yuv444p10le'}`,
  `zscale=${said(stream)}:t=linear:p=bt709:npl=${REFERENCE_WHITE}`,
  'format=gbrpf32le',
  ...(isHdr(stream) ? [`tonemap=mobius:param=${UNTOUCHED}:desat=0:peak=${(BRIGHTEST / REFERENCE_WHITE).toFixed(3)}`] : []),
  ...(target === 'film' ? ['zscale=t=bt709:m=bt709:r=limited', 'format=yuv420p'] : ['zscale=t=bt709:r=full', 'format=gbrp', 'scale=out_color_matrix=bt601:out_range=pc', 'format=yuvj420p']),
]

/** What the stream says of its colours, or what its kind leaves to be assumed. */
function said(stream: StreamReport): string {
  const { color_range, color_space = '', color_primaries = '', color_transfer = '' } = stream
  const known = (name: string, names: readonly string[], otherwise: string) => (names.includes(name) ? name : otherwise)
  const assumedMatrix = color_primaries === 'bt2020' || isHdr(stream) ? 'bt2020nc' : 'bt709'
  const primaries = known(color_primaries, [...WIDE_PRIMARIES, 'bt709'], 'bt2020')
  const transfer = known(color_transfer, [...HDR_TRANSFERS, ...SDR_TRANSFERS], 'bt709')
  const matrix = isRgb(stream) ? 'gbr' : known(color_space, MATRICES, assumedMatrix)
  return `pin=${primaries}:tin=${transfer}:min=${matrix}:rin=${color_range === 'pc' || isRgb(stream) ? 'full' : 'limited'}`
}
