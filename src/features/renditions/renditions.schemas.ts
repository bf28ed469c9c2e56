import { z } from 'zod'

const pixels = z.int()

export const Storyboard = z
  .object({
    url: z.string().describe('The sheet, a JPEG; works without credentials until it expires'),
    width: pixels,
    height: pixels,
    columns: z.int(),
    rows: z.int(),
    tile_width: pixels,
    tile_height: pixels,
    tiles: z
      .array(
        z.object({
          frame: z.int().describe('Number of the source frame, from 0'),
          timestamp: z.number().describe('Seconds from the first frame; the tile stands for the film from there to the next'),
          x: pixels.describe('Of its left edge in the sheet'),
          y: pixels.describe('Of its upper edge'),
        }),
      )
      .describe('In the order of time: row by row from the top left'),
  })
  .meta({ id: 'Storyboard' })
export type Storyboard = z.infer<typeof Storyboard>

/** https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md, as peaks.js, waveform-data.js and wavesurfer.js read it. */
export const Waveform = z
  .object({
    version: z.literal(2),
    channels: z.literal(1).describe('All channels are mixed to one'),
    sample_rate: z.int().describe('Samples a second'),
    samples_per_pixel: z.int().describe('How many samples one point stands for'),
    bits: z.literal(8),
    length: z.int().describe('How many points there are'),
    data: z.array(z.int()).describe('The lowest and the highest sample of each point in turn, from -128 to 127'),
  })
  .meta({ id: 'Waveform', description: 'Peaks of the sound over time, in the data format of audiowaveform' })
export type Waveform = z.infer<typeof Waveform>

const mostPoints = 100_000
const pointCount = `must be a whole number from 1 to ${mostPoints}`
export const waveformQuery = {
  points: z
    .string()
    .regex(/^\d{1,6}$/, pointCount)
    .transform(Number)
    .refine((value) => value >= 1 && value <= mostPoints, pointCount)
    .optional()
    .meta({ type: 'integer', minimum: 1, maximum: mostPoints, description: 'How many points at most; default all that there are. Each keeps the lowest and the highest of those that it takes the place of' }),
}
