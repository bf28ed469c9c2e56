import { and, asc, eq, gt, isNotNull, isNull, or, sql } from 'drizzle-orm'
import type { DriveScope } from '../../../access/scope.ts'
import type { Executor } from '../../../db/client.ts'
import { faces, individuals, livingAssets } from '../../../db/schema/index.ts'

export type IndividualViewRepository = ReturnType<typeof createIndividualViewRepository>
export type IndividualRow = NonNullable<Awaited<ReturnType<IndividualViewRepository['find']>>>

/** Individuals as they are shown, with their faces on assets that are not in the trash. */
export function createIndividualViewRepository(db: Executor) {
  // Nested, since drizzle leaves out the tables' names otherwise.
  const seen = sql`${faces} JOIN ${livingAssets} ON ${livingAssets.driveId} = ${faces.driveId} AND ${livingAssets.id} = ${faces.assetId}
    WHERE ${faces.driveId} = ${individuals.driveId} AND ${faces.individualId} = ${individuals.id}`
  const columns = {
    id: individuals.id,
    driveId: individuals.driveId,
    name: individuals.name,
    createdAt: individuals.createdAt,
    updatedAt: individuals.updatedAt,
    faceCount: sql<number>`(SELECT count(*)::int FROM ${seen})`,
    /** Of the face that was seen best. */
    picture: sql<readonly [assetId: string, faceId: string] | null>`(${sql`SELECT json_build_array(${faces.assetId}, ${faces.id}) FROM ${seen} AND ${faces.objectId} IS NOT NULL
      ORDER BY ${faces.confidence} DESC NULLS LAST, ${faces.id} LIMIT 1`})`,
  }

  return {
    /** Those that have a name, or a face on an asset that is not in the trash. */
    list: ({ driveId }: DriveScope<'read'>, { isNamed }: { readonly isNamed: boolean | undefined }, { after, limit }: { readonly after: string | undefined; readonly limit: number }) =>
      db
        .select(columns)
        .from(individuals)
        .where(
          and(
            eq(individuals.driveId, driveId),
            after === undefined ? undefined : gt(individuals.id, after),
            isNamed === undefined ? undefined : isNamed ? isNotNull(individuals.name) : isNull(individuals.name),
            or(isNotNull(individuals.name), sql`EXISTS (SELECT FROM ${seen})`),
          ),
        )
        .orderBy(asc(individuals.id))
        .limit(limit),

    async find({ driveId }: DriveScope<'read'>, id: string) {
      return (await db.select(columns).from(individuals).where(and(eq(individuals.driveId, driveId), eq(individuals.id, id))))[0]
    },
  }
}
