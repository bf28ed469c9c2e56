import { z } from 'zod'

/** More of a group are listed by its assets. */
export const shownOfGroup = 20

export const DuplicateGroup = z
  .object({
    content_hash: z.string().describe('SHA-256 of the content, in hexadecimal'),
    size_bytes: z.int().describe('Of one of them'),
    count: z.int().min(2),
    wasted_bytes: z.int().describe('What all but one of them take'),
    assets: z
      .array(z.object({ id: z.guid(), path: z.string(), created: z.iso.datetime() }))
      .describe(`The oldest first, ${shownOfGroup} at most; GET /assets/{asset_id}/duplicates of one lists all others`),
  })
  .meta({ id: 'DuplicateGroup' })
export type DuplicateGroup = z.infer<typeof DuplicateGroup>
