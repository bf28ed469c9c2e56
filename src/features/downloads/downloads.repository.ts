import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import type { AssetScope, DriveScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { lazily } from '../../db/lazily.ts'
import { livingAssets, objects, previews, renditions } from '../../db/schema/index.ts'
import type { RenditionKind } from '../../objects/object-keys.ts'

export type DownloadRepository = ReturnType<typeof createDownloadRepository>

interface Wanted {
  readonly kind: RenditionKind
  /** Where there is none of that kind. */
  readonly instead?: RenditionKind
}

/** Where the bytes of an asset and of what was made of it lie. */
export function createDownloadRepository(db: Executor) {
  const a = livingAssets
  const place = { key: objects.key, contentType: objects.contentType, name: a.name }
  const inDrive = eq(a.driveId, sql.placeholder('driveId'))

  const source = lazily(() =>
    db
      .select({ key: objects.key, contentType: a.contentType, name: a.name }) // the asset's type was sniffed, the object's told by the name
      .from(a)
      .innerJoin(objects, and(eq(objects.driveId, a.driveId), eq(objects.id, a.sourceObjectId)))
      .where(and(inDrive, eq(a.id, sql.placeholder('assetId'))))
      .prepare('download_source'),
  )
  const rendition = lazily(() =>
    db
      .select({ name: a.name, key: objects.key, contentType: objects.contentType })
      .from(a)
      .leftJoin(renditions, and(eq(renditions.driveId, a.driveId), eq(renditions.assetId, a.id), inArray(renditions.kind, [sql.placeholder('kind'), sql.placeholder('instead')])))
      .leftJoin(objects, and(eq(objects.driveId, renditions.driveId), eq(objects.id, renditions.objectId)))
      .where(and(inDrive, eq(a.id, sql.placeholder('assetId'))))
      .orderBy(desc(eq(renditions.kind, sql.placeholder('kind'))))
      .limit(1)
      .prepare('download_rendition'),
  )

  return {
    source: async ({ driveId, assetId }: AssetScope<'download'>) => (await source().execute({ driveId, assetId }))[0],

    /** `undefined` where there is no such asset; `key` null where nothing of that kind was made of it yet. */
    rendition: async ({ driveId, assetId }: AssetScope<'read'>, { kind, instead = kind }: Wanted) =>
      (await rendition().execute({ driveId, assetId, kind, instead }))[0],

    async previewKey({ driveId }: DriveScope<'read'>, id: string): Promise<string | undefined> {
      const rows = await db
        .select({ key: objects.key })
        .from(previews)
        .innerJoin(a, and(eq(a.driveId, previews.driveId), eq(a.id, previews.assetId)))
        .innerJoin(objects, and(eq(objects.driveId, previews.driveId), eq(objects.id, previews.objectId)))
        .where(and(eq(previews.driveId, driveId), eq(previews.id, id)))
      return rows[0]?.key
    },

    async renditionById({ driveId }: DriveScope<'read'>, id: string) {
      const rows = await db
        .select({ ...place, kind: renditions.kind })
        .from(renditions)
        .innerJoin(a, and(eq(a.driveId, renditions.driveId), eq(a.id, renditions.assetId)))
        .innerJoin(objects, and(eq(objects.driveId, renditions.driveId), eq(objects.id, renditions.objectId)))
        .where(and(eq(renditions.driveId, driveId), eq(renditions.id, id)))
      return rows[0]
    },
  }
}
