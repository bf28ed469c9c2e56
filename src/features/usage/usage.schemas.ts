import { z } from 'zod'
import { assetTypes } from '../../model/asset-type.ts'

const count = z.int().min(0)
const bytes = z.int().min(0)

export const Usage = z
  .object({
    drive_id: z.guid(),
    total_assets: count,
    total_size_bytes: bytes.describe('Of the sources; those in the trash are not among them'),
    trash_assets: count,
    trash_size_bytes: bytes,
    by_type: z.array(z.object({ type: z.enum(assetTypes), count, size_bytes: bytes })).describe('The most frequent first'),
    by_extension: z.array(z.object({ extension: z.string(), count, size_bytes: bytes })).describe('The most frequent first; empty for names without one'),
    proxies_size_bytes: bytes.describe('Proxies of pictures and of sound; what belongs to assets in the trash is counted until they are purged'),
    previews_size_bytes: bytes.describe('Previews, posters, storyboards, waveforms, custom thumbnails and cut-out faces; as above'),
    attachments_size_bytes: bytes,
    transcription_seconds: z.number().min(0),
    comments: count,
    last_30_days: z
      .array(z.object({ date: z.iso.date(), assets: count, size_bytes: bytes }))
      .length(30)
      .describe('The assets there are, by the day (UTC) on which they were made; today is the last'),
  })
  .meta({ id: 'Usage' })
export type Usage = z.infer<typeof Usage>
