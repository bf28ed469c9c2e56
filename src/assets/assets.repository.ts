import { and, asc, eq, gt, lt, type SQL, sql } from 'drizzle-orm'
import type { AssetScope, DriveScope } from '../access/scope.ts'
import type { Executor } from '../db/client.ts'
import { lazily } from '../db/lazily.ts'
import { assetJobs, faces, livingAssets, previews, renditions } from '../db/schema/index.ts'
import { type AssetPath, endOf } from '../model/asset-path.ts'
import type { JobName, JobState } from '../model/job-names.ts'
import type { RenditionKind } from '../objects/object-keys.ts'

export type AssetRepository = ReturnType<typeof createAssetRepository>
export type AssetRow = NonNullable<Awaited<ReturnType<AssetRepository['find']>>>

/** id, frame, seconds, width, height: arrays, since JSON objects would repeat their names for each of many previews. */
export type PreviewTuple = readonly [id: string, frame: number, seconds: number | null, width: number, height: number]

interface FolderPage {
  readonly directory: string
  readonly recursive: boolean
  readonly after: AssetPath | undefined
  readonly limit: number
}

const a = livingAssets
const ofAsset = (table: { driveId: SQL.Aliased | unknown; assetId: unknown }) => sql`${table.driveId} = ${a.driveId} AND ${table.assetId} = ${a.id}`

/** All that an answer shows of an asset; selected from `livingAssets`. */
export const assetColumns = {
  driveId: a.driveId,
  id: a.id,
  directory: a.directory,
  name: a.name,
  extension: a.extension,
  type: a.type,
  sizeBytes: a.sizeBytes,
  systemMetadata: a.systemMetadata,
  palette: a.palette,
  createdAt: a.createdAt,
  updatedAt: a.updatedAt,
  jobs: sql<Partial<Record<JobName, JobState>> | null>`(SELECT json_object_agg(${assetJobs.name}, ${assetJobs.state}) FROM ${assetJobs} WHERE ${ofAsset(assetJobs)})`,
  previews: sql<readonly PreviewTuple[] | null>`(SELECT json_agg(json_build_array(${previews.id}, ${previews.frame}, ${previews.timestampSeconds}, ${previews.width}, ${previews.height}) ORDER BY ${previews.frame}) FROM ${previews} WHERE ${ofAsset(previews)})`,
  renditions: sql<Partial<Record<RenditionKind, string>> | null>`(SELECT json_object_agg(${renditions.kind}, ${renditions.id}) FROM ${renditions} WHERE ${ofAsset(renditions)})`,
  // No EXISTS: for a page of assets the planner would hash all faces that there are.
  facesPresent: sql<boolean>`coalesce((SELECT true FROM ${faces} WHERE ${ofAsset(faces)} LIMIT 1), false)`,
}

/** Everything that an answer shows of an asset comes in its one statement: what hangs on it is gathered by sub-selects over their indexes. */
export function createAssetRepository(db: Executor) {
  const byId = lazily(() =>
    db
      .select(assetColumns)
      .from(a)
      .where(and(eq(a.driveId, sql.placeholder('driveId')), eq(a.id, sql.placeholder('assetId'))))
      .prepare('asset_by_id'),
  )
  const byPath = lazily(() =>
    db
      .select(assetColumns)
      .from(a)
      .where(and(eq(a.driveId, sql.placeholder('driveId')), eq(a.directory, sql.placeholder('directory')), eq(a.name, sql.placeholder('name'))))
      .prepare('asset_by_path'),
  )
  const inFolder = lazily(() =>
    db
      .select(assetColumns)
      .from(a)
      .where(and(eq(a.driveId, sql.placeholder('driveId')), eq(a.directory, sql.placeholder('directory')), gt(a.name, sql.placeholder('afterName'))))
      .orderBy(asc(a.name))
      .limit(sql.placeholder('limit'))
      .prepare('assets_in_folder'),
  )
  const belowFolder = lazily(() =>
    db
      .select(assetColumns)
      .from(a)
      .where(
        and(
          eq(a.driveId, sql.placeholder('driveId')),
          sql`(${a.directory}, ${a.name}) > (${sql.placeholder('afterDirectory')}::text, ${sql.placeholder('afterName')}::text)`,
          lt(a.directory, sql.placeholder('end')),
        ),
      )
      .orderBy(asc(a.directory), asc(a.name))
      .limit(sql.placeholder('limit'))
      .prepare('assets_below_folder'),
  )

  return {
    find: async ({ driveId, assetId }: AssetScope<'read'>) => (await byId().execute({ driveId, assetId }))[0],
    findOn: async ({ driveId }: DriveScope<'read'>, assetId: string) => (await byId().execute({ driveId, assetId }))[0],
    /** In the order of directory and name, by bytes, which is that of the index on both; `recursive` = at any depth. A name is never empty, so the first page begins after one. */
    list: ({ driveId }: DriveScope<'read'>, { directory, recursive, after, limit }: FolderPage) =>
      recursive
        ? belowFolder().execute({ driveId, afterDirectory: after?.directory ?? directory, afterName: after?.name ?? '', end: endOf(directory), limit })
        : inFolder().execute({ driveId, directory, afterName: after?.name ?? '', limit }),
    findByPath: async ({ driveId }: DriveScope<'read'>, path: AssetPath) => (await byPath().execute({ driveId, ...path }))[0],
  }
}
