import { z } from 'zod'
import { AppError } from '../../errors.ts'
import type { FoundFace } from '../../ports/face-finder.ts'

/** A little beyond the edge is what finders answer for faces that are cut off; pixels are not meant. */
const share = z.number().min(-1).max(2)

/** What a face finder answers: the faces in one picture. */
export const FinderAnswer = z
  .array(
    z.object({
      bounding_box: z.object({ x: share, y: share, width: share.positive(), height: share.positive() }).describe('In shares of the picture’s width and height, from the top left'),
      confidence: z.number().min(0).max(1).nullish(),
      embedding: z.array(z.number()).min(16).max(4096).nullish().describe('Faces of one person lie in one direction'),
    }),
  )
  .max(500)
  .refine((faces) => new Set(faces.flatMap(({ embedding }) => embedding?.length ?? [])).size <= 1, 'embeddings are of one length')
  .refine((faces) => faces.every(({ embedding }) => !embedding || embedding.some((value) => Math.abs(value) > 1e-9)), 'an embedding points somewhere')

type AnsweredFace = z.infer<typeof FinderAnswer>[number]

/** Smaller than that is nothing that could be seen. */
const leastShare = 1e-4

/** The faces, their boxes clipped into the picture; what is no such answer throws `bad_gateway`, saying what is wrong with it. */
export function facesIn(text: string): FoundFace[] {
  const result = FinderAnswer.safeParse(jsonOf(text))
  if (!result.success) throw nonsense(`${result.error.issues[0]?.path.join('.') || 'the whole'}: ${result.error.issues[0]?.message ?? 'it does not fit'}`)
  return result.data.flatMap(clipped)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw nonsense('it is not JSON')
  }
}

const nonsense = (why: string) => new AppError('bad_gateway', `The face finder’s answer cannot be read: ${why}`)

function clipped({ bounding_box: { x, y, width, height }, confidence = null, embedding = null }: AnsweredFace): FoundFace[] {
  const along = (start: number, length: number) => {
    const from = Math.min(1, Math.max(0, start))
    return [from, Math.min(length - (from - start), 1 - from)] as const
  }
  const [left, across] = along(x, width)
  const [top, down] = along(y, height)
  return across < leastShare || down < leastShare ? [] : [{ box: { x: left, y: top, width: across, height: down }, confidence, embedding }]
}
