import { withoutFace } from '../face-means.ts'
import type { Target } from '../faces.jobs.ts'
import type { PurgedFaceRepository } from './purged-faces.repository.ts'

export interface ForgettingRepositories {
  readonly purgedFaces: PurgedFaceRepository
}

/** Before the lock of the asset itself. In the trash nobody's face becomes somebody's, so what has none needs no lock. */
export async function lockFaces({ purgedFaces }: ForgettingRepositories, { driveId, assetId }: Target) {
  if (await purgedFaces.areSomebodys(driveId, assetId)) await purgedFaces.lock(driveId)
}

/** Under both locks, before the asset goes: its faces go, also out of the means, and whoever has neither name nor face left. Their embeddings would go on matching. */
export async function forgetFaces({ purgedFaces }: ForgettingRepositories, { driveId, assetId }: Target, at: Date) {
  const gone = await purgedFaces.identified(driveId, assetId)
  if (gone.length === 0) return
  const ids = [...new Set(gone.map((face) => face.individualId))]
  const means = new Map(await purgedFaces.means(driveId, ids))
  for (const { individualId, embedding } of gone) {
    const mean = means.get(individualId)
    if (mean && embedding) means.set(individualId, withoutFace(mean, embedding))
  }
  for (const [id, mean] of means) await purgedFaces.setMean(driveId, id, { mean, at })
  await purgedFaces.delete(driveId, assetId)
  await purgedFaces.deleteIdle(driveId, ids)
}
