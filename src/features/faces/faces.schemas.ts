import { z } from 'zod'

const share = z.number().min(0).max(1)
/** Less is no face that anybody could see. */
const side = z.number().min(0.001).max(1)

/** Without a name of its own where it comes in: the description would tell of it twice. */
const box = z
  .object({ x: share, y: share, width: side, height: side })
  // A little more is what sums of such numbers come to.
  .refine(({ x, y, width, height }) => x + width <= 1.000001 && y + height <= 1.000001, { error: 'must lie inside the picture: x + width and y + height are at most 1', params: { type: 'range' } })
  .describe('In shares of the picture’s width and height, from the top left')
const BoundingBox = box.meta({ id: 'BoundingBox' })

export const Face = z
  .object({
    id: z.guid(),
    asset_id: z.guid(),
    individual_id: z.guid().nullable(),
    individual_name: z.string().nullable(),
    preview_id: z.guid().nullable().describe('The preview of the frame that it was seen in'),
    frame: z.int().nullable(),
    timestamp: z.number().nullable().describe('Seconds from the first frame; null in stills'),
    bounding_box: BoundingBox,
    confidence: z.number().nullable(),
    source: z.enum(['automatic', 'manual']),
    thumbnail_url: z.string().nullable().describe('Works without credentials until it expires'),
  })
  .meta({ id: 'Face' })
export type Face = z.infer<typeof Face>

const individualName = z.string().trim().normalize('NFC').min(1).max(200)

/** Whose face it is; at most one of the two. */
const whose = {
  individual_id: z.guid().nullish().describe('null: nobody'),
  individual_name: individualName.nullish().describe('Somebody of exactly this name on the drive, else a new individual'),
}

export const FaceDraft = z
  .object({
    preview_id: z.guid().nullish().describe('The preview that it is seen in; a still has but one'),
    timestamp: z.number().min(0).max(1e7).nullish().describe('Or the moment of the film, in seconds'),
    bounding_box: box,
    ...whose,
  })
  .meta({ id: 'FaceDraft' })
export type FaceDraft = z.infer<typeof FaceDraft>

export const FaceChange = z.object(whose).meta({ id: 'FaceChange' })
export type FaceChange = z.infer<typeof FaceChange>

export const Individual = z
  .object({
    id: z.guid(),
    name: z.string().nullable(),
    face_count: z.int(),
    thumbnail_url: z.string().nullable().describe('One of the faces'),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
  })
  .meta({ id: 'Individual' })
export type Individual = z.infer<typeof Individual>

export const IndividualDraft = z.object({ name: individualName }).meta({ id: 'IndividualDraft' })

export const IndividualChange = z
  .object({
    name: individualName.nullable().optional(),
    merge_into: z.guid().optional().describe('Another individual of the drive: it gets all faces, and this one is gone'),
  })
  .refine(({ name, merge_into }) => (name === undefined) !== (merge_into === undefined), { error: 'Give exactly one of name and merge_into', params: { type: 'conflicting' } })
  .meta({ id: 'IndividualChange' })
export type IndividualChange = z.infer<typeof IndividualChange>
