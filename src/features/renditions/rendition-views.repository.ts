import { and, eq, sql } from 'drizzle-orm'
import type { AssetScope } from '../../access/scope.ts'
import type { Executor } from '../../db/client.ts'
import { lazily } from '../../db/lazily.ts'
import { assetJobs, livingAssets, objects, renditions, type StoryboardFacts } from '../../db/schema/index.ts'
import type { JobName, JobState } from '../../model/job-names.ts'
import type { RenditionKind } from '../../objects/object-keys.ts'

export type { StoryboardFacts }
export type RenditionViewRepository = ReturnType<typeof createRenditionViewRepository>
export type RenditionRow = NonNullable<Awaited<ReturnType<RenditionViewRepository['find']>>>

interface Wanted {
  readonly kind: RenditionKind
  /** The job that makes it. */
  readonly job: JobName
}

/** What was made of a source, as it is shown. */
export function createRenditionViewRepository(db: Executor) {
  const a = livingAssets
  const statement = lazily(() =>
    db
      .select({
        name: a.name,
        durationSeconds: a.durationSeconds,
        jobState: sql<JobState | null>`(SELECT ${assetJobs.state} FROM ${assetJobs} WHERE ${assetJobs.driveId} = ${a.driveId} AND ${assetJobs.assetId} = ${a.id} AND ${assetJobs.name} = ${sql.placeholder('job')})`,
        rendition: { id: renditions.id, width: renditions.width, height: renditions.height, facts: renditions.facts, createdAt: renditions.createdAt },
        object: { key: objects.key, contentType: objects.contentType, sizeBytes: objects.sizeBytes },
      })
      .from(a)
      .leftJoin(renditions, and(eq(renditions.driveId, a.driveId), eq(renditions.assetId, a.id), eq(renditions.kind, sql.placeholder('kind'))))
      .leftJoin(objects, and(eq(objects.driveId, renditions.driveId), eq(objects.id, renditions.objectId)))
      .where(and(eq(a.driveId, sql.placeholder('driveId')), eq(a.id, sql.placeholder('assetId'))))
      .prepare('rendition_view'),
  )

  return {
    /** `undefined` where there is no such asset; `rendition` null where nothing of that kind was made of it yet. */
    find: async ({ driveId, assetId }: AssetScope<'read'>, { kind, job }: Wanted) => (await statement().execute({ driveId, assetId, kind, job }))[0],
  }
}
