import { and, asc, eq, sql } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { faces, individuals, livingAssets, objects, previews } from '../../db/schema/index.ts'

export type FaceViewRepository = ReturnType<typeof createFaceViewRepository>
export type FaceRow = NonNullable<Awaited<ReturnType<FaceViewRepository['shown']>>>
export type PreviewRow = Awaited<ReturnType<FaceViewRepository['previews']>>[number]
export type PicturedAsset = NonNullable<Awaited<ReturnType<FaceViewRepository['asset']>>>

/** Faces as they are shown, and what they are seen in. */
export function createFaceViewRepository(db: Executor) {
  const living = ({ driveId, assetId }: AssetScope<'read'>) => and(eq(livingAssets.driveId, driveId), eq(livingAssets.id, assetId))
  const box = { x: faces.x, y: faces.y, width: faces.width, height: faces.height }

  const shown = () =>
    db
      .select({
        ...box,
        id: faces.id,
        driveId: livingAssets.driveId,
        assetId: livingAssets.id,
        individualId: faces.individualId,
        individualName: individuals.name,
        previewId: previews.id,
        frame: faces.frame,
        timestampSeconds: faces.timestampSeconds,
        confidence: faces.confidence,
        source: faces.source,
        objectId: faces.objectId,
      })
      .from(livingAssets)
      .leftJoin(faces, and(eq(faces.driveId, livingAssets.driveId), eq(faces.assetId, livingAssets.id)))
      .leftJoin(individuals, and(eq(individuals.driveId, faces.driveId), eq(individuals.id, faces.individualId)))
      .leftJoin(previews, and(eq(previews.driveId, faces.driveId), eq(previews.assetId, faces.assetId), eq(previews.frame, faces.frame)))

  return {
    /** `undefined` where there is no such asset. In the order in which they are seen. */
    async list(scope: AssetScope<'read'>) {
      const rows = await shown().where(living(scope)).orderBy(sql`${faces.timestampSeconds} NULLS FIRST`, asc(faces.id))
      return rows.length === 0 ? undefined : rows.flatMap(whole)
    },

    async shown(scope: AssetScope<'read'>, id: string) {
      return (await shown().where(and(living(scope), eq(faces.id, id)))).flatMap(whole)[0]
    },

    /** What is to be known of an asset to place a face on it. */
    async asset(scope: AssetScope<'read'>) {
      const rows = await db
        .select({ type: livingAssets.type, durationSeconds: livingAssets.durationSeconds, frameRateNum: livingAssets.frameRateNum, frameRateDen: livingAssets.frameRateDen })
        .from(livingAssets)
        .where(living(scope))
      return rows[0]
    },

    /** With where their pictures lie, ascending. */
    async previews(scope: AssetScope<'read'>) {
      const rows = await db
        .select({ id: previews.id, frame: previews.frame, timestampSeconds: previews.timestampSeconds, key: objects.key })
        .from(livingAssets)
        .innerJoin(previews, and(eq(previews.driveId, livingAssets.driveId), eq(previews.assetId, livingAssets.id)))
        .innerJoin(objects, and(eq(objects.driveId, previews.driveId), eq(objects.id, previews.objectId)))
        .where(living(scope))
        .orderBy(asc(previews.frame))
      return rows.map(({ timestampSeconds, ...row }) => ({ ...row, timestampSeconds: timestampSeconds === null ? null : Number(timestampSeconds) }))
    },
  }
}

interface Joined {
  readonly id: string | null
  readonly x: number | null
  readonly y: number | null
  readonly width: number | null
  readonly height: number | null
}
/** An asset without a face comes as one row of nothing. */
const whole = <Row extends Joined>({ id, x, y, width, height, ...rest }: Row) =>
  id === null || x === null || y === null || width === null || height === null ? [] : [{ ...rest, id, box: { x, y, width, height } }]
