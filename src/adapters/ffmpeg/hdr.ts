import type { VideoStream } from '../../ports/media-engine.ts'
import type { StreamReport } from './report.ts'

const sideDataOf = ({ side_data_list }: StreamReport) => side_data_list.flatMap((each) => each.side_data_type ?? [])

const isPq = ({ color_transfer }: StreamReport) => color_transfer === 'smpte2084'
const hasLightLevels = (sideData: readonly string[]) => sideData.some((each) => /^(?:mastering display|content light level)/i.test(each))
const isDolbyVision = (stream: StreamReport) => /^(?:dvh[1e]|dva[v1]|dav1)$/.test(stream.codec_tag_string ?? '') || sideDataOf(stream).some((each) => /^DOVI/i.test(each))

/** Whether only the first frame can tell: HEVC and AV1 may carry the light levels in the stream and not in the container. */
export const needsFirstFrame = (video: StreamReport): boolean => isPq(video) && !isDolbyVision(video) && !hasLightLevels(sideDataOf(video))

/** `ofFirstFrame`: what lies beside its picture, where it was asked. */
export function hdrOf(video: StreamReport, ofFirstFrame: readonly string[]): VideoStream['hdr'] {
  if (isDolbyVision(video)) return 'Dolby Vision'
  if (isPq(video)) return hasLightLevels([...sideDataOf(video), ...ofFirstFrame]) ? 'HDR10' : 'PQ'
  return video.color_transfer === 'arib-std-b67' ? 'HLG' : null
}
