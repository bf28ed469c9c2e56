import { z } from 'zod'

/** RFC 6838 names, and RFC 9110 parameters. */
const mediaType = /^[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126}(?:; ?[\w!#$&^.+-]{1,64}=(?:[\w!#$&^.+:/-]{1,127}|"[ !#-[\]-~]{0,127}"))*$/

export const AttachmentDraft = z
  .object({
    size: z.int().min(1).describe('Bytes, exactly'),
    name: z.string().trim().min(1).max(255),
    mime_type: z.string().max(255).toLowerCase().regex(mediaType, 'must be a media type, such as image/jpeg'),
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
