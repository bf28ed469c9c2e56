import { and, eq } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { faces } from '../../db/schema/index.ts'
import type { Region } from '../../ports/image-engine.ts'

export type FaceRepository = ReturnType<typeof createFaceRepository>
export type KnownFace = NonNullable<Awaited<ReturnType<FaceRepository['find']>>>

export interface NewFace {
  readonly id: string
  readonly individualId: string | null
  readonly frame: number | null
  readonly timestampSeconds: number | null
  readonly box: Region
  readonly confidence: number | null
  readonly source: 'automatic' | 'manual'
  readonly isAssignedByHand: boolean
  readonly embedding: readonly number[] | null
  readonly objectId: string | null
  readonly createdBy: string | null
  readonly at: Date
}

/** Rows in one statement: each carries an embedding of some kilobytes. */
const atOnce = 200

export function createFaceRepository(db: Executor) {
  const ofAsset = ({ driveId, assetId }: AssetScope<'read'>) => and(eq(faces.driveId, driveId), eq(faces.assetId, assetId))
  const box = { x: faces.x, y: faces.y, width: faces.width, height: faces.height }
  const known = { id: faces.id, individualId: faces.individualId, isAssignedByHand: faces.isAssignedByHand, frame: faces.frame, box, embedding: faces.embedding, objectId: faces.objectId }

  return {
    async find(scope: AssetScope<'edit'>, id: string) {
      return (await db.select(known).from(faces).where(and(ofAsset(scope), eq(faces.id, id))))[0]
    },

    /** What a finder found before. */
    automatic: (scope: AssetScope<'edit'>) => db.select(known).from(faces).where(and(ofAsset(scope), eq(faces.source, 'automatic'))),

    async insert({ driveId, assetId }: AssetScope<'edit'>, made: readonly NewFace[]) {
      const rows = made.map(({ box, timestampSeconds, embedding, at, ...face }) => ({
        ...face,
        ...box,
        driveId,
        assetId,
        timestampSeconds: timestampSeconds === null ? null : String(timestampSeconds),
        embedding: embedding && [...embedding],
        createdAt: at,
      }))
      for (let from = 0; from < rows.length; from += atOnce) await db.insert(faces).values(rows.slice(from, from + atOnce))
    },

    /** By somebody's hand. */
    async assign(scope: AssetScope<'edit'>, id: string, individualId: string | null) {
      await db.update(faces).set({ individualId, isAssignedByHand: true }).where(and(ofAsset(scope), eq(faces.id, id)))
    },

    async delete(scope: AssetScope<'edit'>, id: string) {
      await db.delete(faces).where(and(ofAsset(scope), eq(faces.id, id)))
    },

    async deleteAutomatic(scope: AssetScope<'edit'>) {
      await db.delete(faces).where(and(ofAsset(scope), eq(faces.source, 'automatic')))
    },
  }
}
