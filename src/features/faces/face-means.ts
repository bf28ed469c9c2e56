/** The mean of embeddings, each of length 1, and of how many. */
export interface Mean {
  readonly centroid: readonly number[] | null
  readonly count: number
}
type Vector = readonly number[]

export const noMean: Mean = { centroid: null, count: 0 }

const lengthOf = (vector: Vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))

/** The same direction at length 1; null for what points nowhere. */
export function unitOf(vector: Vector): Vector | null {
  const length = lengthOf(vector)
  return Number.isFinite(length) && length > 0 ? vector.map((value) => value / length) : null
}

/** Embeddings of another length are another finder's, and say nothing beside these. */
const fits = ({ centroid }: Mean, face: Vector) => centroid === null || centroid.length === face.length

export function withFace(mean: Mean, face: Vector): Mean {
  if (!fits(mean, face)) return mean
  const { centroid, count } = mean
  return { centroid: face.map((value, at) => ((centroid?.[at] ?? 0) * count + value) / (count + 1)), count: count + 1 }
}

export function withoutFace(mean: Mean, face: Vector): Mean {
  const { centroid, count } = mean
  if (centroid === null || !fits(mean, face)) return mean
  if (count <= 1) return noMean
  return { centroid: centroid.map((value, at) => (value * count - (face[at] ?? 0)) / (count - 1)), count: count - 1 }
}

/** Each weighs as many faces as it is made of. Of two that do not fit together the one of more faces stays. */
export function mergedMean(one: Mean, other: Mean): Mean {
  if (one.centroid === null || other.centroid === null || one.centroid.length !== other.centroid.length)
    return other.centroid === null || (one.centroid !== null && one.count >= other.count) ? one : other
  const { centroid: beside } = other
  const count = one.count + other.count
  return { centroid: one.centroid.map((value, at) => (value * one.count + (beside[at] ?? 0) * other.count) / count), count }
}
