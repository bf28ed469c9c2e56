import { z } from 'zod'
import { assetTypes } from '../../model/asset-type.ts'
import { Person } from '../../model/person.ts'

export const TrashedAsset = z
  .object({
    id: z.guid(),
    drive_id: z.guid(),
    path: z.string().describe('Where it was'),
    name: z.string(),
    type: z.enum(assetTypes),
    size_bytes: z.int(),
    deleted: z.iso.datetime(),
    deleted_by: Person.nullable().describe('Null: the server itself'),
    purge_after: z.iso.datetime().describe('When it goes for good'),
  })
  .meta({ id: 'TrashedAsset' })
export type TrashedAsset = z.infer<typeof TrashedAsset>
