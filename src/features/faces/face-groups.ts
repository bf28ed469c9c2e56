import { type Mean, noMean, unitOf, withFace, withoutFace } from './face-means.ts'

export interface FaceGroups {
  /** Whose face this is: the nearest individual by cosine, where it is near enough. Of an embedding of length 1. */
  nearest(face: readonly number[]): string | undefined
  add(individualId: string, face: readonly number[]): void
  remove(individualId: string, face: readonly number[]): void
  /** The means that are not what they were. */
  changed(): ReadonlyMap<string, Mean>
}

interface Group {
  readonly mean: Mean
  /** The centroid at length 1, as floats: a drive has thousands of these, and each face is held against all. */
  readonly direction: Float32Array | null
}

/** The individuals of a drive by the means of their faces, while some faces come and go. Nothing is written. */
export function createFaceGroups(known: Iterable<readonly [individualId: string, Mean]>, leastSimilarity: number): FaceGroups {
  const groups = new Map<string, Group>()
  const changed = new Map<string, Mean>()
  const set = (id: string, mean: Mean) => {
    const unit = mean.centroid && unitOf(mean.centroid)
    groups.set(id, { mean, direction: unit && Float32Array.from(unit) })
  }
  for (const [id, mean] of known) set(id, mean)

  const change = (id: string, next: (mean: Mean) => Mean) => {
    const before = groups.get(id)?.mean ?? noMean
    const after = next(before)
    if (after === before) return
    set(id, after)
    changed.set(id, after)
  }

  return {
    nearest(face) {
      const wanted = Float32Array.from(face)
      let best: string | undefined
      let bestSimilarity = leastSimilarity
      for (const [id, { direction }] of groups) {
        if (direction?.length !== wanted.length) continue
        const similarity = dot(direction, wanted)
        if (similarity < bestSimilarity || (similarity === bestSimilarity && best !== undefined)) continue
        best = id
        bestSimilarity = similarity
      }
      return best
    },
    add: (id, face) => change(id, (mean) => withFace(mean, face)),
    remove: (id, face) => change(id, (mean) => withoutFace(mean, face)),
    changed: () => changed,
  }
}

function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0
  for (let at = 0; at < one.length; at += 1) sum += (one[at] ?? 0) * (other[at] ?? 0)
  return sum
}
