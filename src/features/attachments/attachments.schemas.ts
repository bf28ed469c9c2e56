import { z } from 'zod'
import { MediaType } from '../../model/media-type.ts'

export const AttachmentDraft = z
  .object({
    size: z.int().min(1).meta({ description: 'Bytes, exactly', examples: [204_800] }),
    name: z.string().trim().min(1).max(255).meta({ examples: ['still.jpg'] }),
    mime_type: MediaType.meta({ examples: ['image/jpeg'] }),
  })
  .meta({ id: 'AttachmentDraft' })
export type AttachmentDraft = z.infer<typeof AttachmentDraft>

export const AttachmentUpload = z
  .object({
    url: z.string().describe('Takes one PUT of exactly this size and type, without credentials, for 15 minutes'),
    token: z.string().describe('Stands for the file where it is to be attached; good for a day, once'),
    method: z.literal('PUT'),
    headers: z.record(z.string(), z.string()).describe('To be sent with the PUT'),
    expires_at: z.iso.datetime().describe('When the link expires'),
  })
  .meta({ id: 'AttachmentUpload' })
export type AttachmentUpload = z.infer<typeof AttachmentUpload>
