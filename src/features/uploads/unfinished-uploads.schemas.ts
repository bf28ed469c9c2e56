import { z } from 'zod'

export const UnfinishedUpload = z
  .object({
    id: z.guid().describe('`/workspaces/drives/{drive_id}/uploads/{id}` takes what is missing'),
    path: z.string().describe('Where the asset is to lie'),
    size_bytes: z.int(),
    offset_bytes: z.int().describe('Bytes that are there; all of them where the path was taken meanwhile. HEAD tells it to the byte'),
    created: z.iso.datetime(),
    expires: z.iso.datetime(),
  })
  .meta({ id: 'UnfinishedUpload' })
export type UnfinishedUpload = z.infer<typeof UnfinishedUpload>
