import { and, eq, inArray, isNotNull } from 'drizzle-orm'
import type { Executor } from '../../../db/client.ts'
import { faces, individuals } from '../../../db/schema/index.ts'
import type { Mean } from '../face-means.ts'
import { deleteIdle, lockIndividuals, setMean } from './individuals.repository.ts'

export type PurgedFaceRepository = ReturnType<typeof createPurgedFaceRepository>

/** What the server itself does with the faces of an asset that leaves for good. */
export function createPurgedFaceRepository(db: Executor) {
  const ofAsset = (driveId: string, assetId: string) => and(eq(faces.driveId, driveId), eq(faces.assetId, assetId))

  return {
    lock: (driveId: string) => lockIndividuals(db, driveId),

    /** Those that are somebody's. */
    async identified(driveId: string, assetId: string): Promise<readonly { readonly individualId: string; readonly embedding: readonly number[] | null }[]> {
      const rows = await db.select({ individualId: faces.individualId, embedding: faces.embedding }).from(faces).where(and(ofAsset(driveId, assetId), isNotNull(faces.individualId)))
      return rows.flatMap(({ individualId, embedding }) => (individualId === null ? [] : { individualId, embedding }))
    },

    async areSomebodys(driveId: string, assetId: string): Promise<boolean> {
      return (await db.select({ id: faces.id }).from(faces).where(and(ofAsset(driveId, assetId), isNotNull(faces.individualId))).limit(1)).length > 0
    },

    async delete(driveId: string, assetId: string) {
      await db.delete(faces).where(ofAsset(driveId, assetId))
    },

    /** Of those of these who have one. */
    async means(driveId: string, ids: readonly string[]): Promise<(readonly [string, Mean])[]> {
      const rows = await db
        .select({ id: individuals.id, centroid: individuals.centroid, count: individuals.centroidCount })
        .from(individuals)
        .where(and(eq(individuals.driveId, driveId), inArray(individuals.id, [...ids]), isNotNull(individuals.centroid)))
      return rows.map(({ id, ...mean }) => [id, mean] as const)
    },

    setMean: (driveId: string, id: string, change: { readonly mean: Mean; readonly at: Date }) => setMean(db, { driveId, id }, change),

    deleteIdle: (driveId: string, ids: readonly string[]) => deleteIdle(db, driveId, ids),
  }
}
