import type { ActivityRepository } from '../../../activity/activity.repository.ts'
import type { AssetScope } from '../../../access/scope.ts'
import type { AssetLockRepository } from '../../../assets/asset-lock.repository.ts'
import type { Store } from '../../../db/store.ts'
import { conflict, notFound } from '../../../errors.ts'
import type { AssetJobRepository } from '../../../jobs/asset-jobs.repository.ts'
import type { JobRepository } from '../../../jobs/jobs.repository.ts'
import type { JobName } from '../../../model/job-names.ts'
import { keepFiles } from '../../../objects/keep-files.ts'
import { objectKeys, renditionTypes } from '../../../objects/object-keys.ts'
import type { NewObject, ObjectRepository } from '../../../objects/objects.repository.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ObjectStorage } from '../../../ports/object-storage.ts'
import type { Renderable } from '../ingest.jobs.ts'
import type { MadeFile, MadeOfSource } from './make-renditions.ts'
import type { NewPreview, NewRendition, RenditionRepository } from './renditions.repository.ts'

interface Repositories {
  readonly assetLock: AssetLockRepository
  readonly renditions: RenditionRepository
  readonly objects: ObjectRepository
  readonly assetJobs: AssetJobRepository
  readonly jobs: JobRepository
  readonly activity: ActivityRepository
}
/** What is to be done once there are previews to look at, and the asset's job that it is; told in the transaction that keeps them. */
export interface AfterPreviews {
  readonly job: JobName
  readonly order: (tx: { readonly assetJobs: AssetJobRepository; readonly jobs: JobRepository }, scope: AssetScope<'edit'>) => Promise<void>
}
export interface KeepingNeeds {
  readonly store: Store<Repositories>
  readonly storage: ObjectStorage
  readonly clock: Clock
  readonly afterPreviews: AfterPreviews | null
}

interface Rendered {
  /** What was ordered: it counts as done from then on, even where nothing came of it. */
  readonly outputs: readonly Renderable[]
  readonly made: MadeOfSource
  readonly signal: AbortSignal
}

/** A file with the id of the row that will stand for it, and the object that its bytes become. */
interface Made {
  readonly file: MadeFile
  readonly id: string
  readonly object: NewObject
}

/** Files become objects: reserved, sent, then referred to in one transaction. */
export async function keepRenditions({ store, storage, clock, afterPreviews }: KeepingNeeds, scope: AssetScope<'edit'>, { outputs, made: { files, palette, length }, signal }: Rendered) {
  const { driveId, assetId, caller } = scope
  const at = clock.now()
  const made = files.map((file): Made => {
    const [id, objectId] = [store.objects.newId(), store.objects.newId()]
    return { file, id, object: objectFor(scope, file, { id, objectId }) }
  })
  await keepFiles({ store, storage }, { driveId, files: made.map(({ file: { path }, object }) => ({ file: path, object })), at, signal }, (sizes) =>
    store.transaction(async (tx) => {
      if (!(await tx.assetLock.take(scope))) throw notFound('Asset')
      if (!(await tx.objects.store(driveId, sizes))) throw conflict('The rendering took longer than a day')
      const oldPreviews = outputs.includes('preview') ? await tx.renditions.replacePreviews(scope, made.flatMap(previewOf)) : []
      const oldRenditions = await tx.renditions.replace(scope, made.flatMap(renditionOf), at)
      await tx.objects.unreference(driveId, [...oldPreviews, ...oldRenditions])
      if (palette) await tx.renditions.setPalette(scope, palette, at)
      if (length) await tx.renditions.correctLength(scope, length, at)
      await tx.assetJobs.set(scope, outputs, { state: 'COMPLETED', progress: 1 })
      if (outputs.includes('preview')) await afterPreviews?.order(tx, scope)
      await tx.activity.add({ driveId, caller, action: 'asset.rendered', assetId, after: { outputs }, at })
    }),
  )
}

function objectFor({ driveId, assetId }: AssetScope<'edit'>, { kind }: MadeFile, { id, objectId }: { readonly id: string; readonly objectId: string }): NewObject {
  return kind === 'preview'
    ? { id: objectId, kind, key: objectKeys.preview(driveId, assetId, id), contentType: 'image/jpeg' }
    : { id: objectId, kind, key: objectKeys.rendition(driveId, assetId, { kind, id }), contentType: renditionTypes[kind] }
}

function previewOf({ file, id, object }: Made): NewPreview[] {
  if (file.kind !== 'preview') return []
  const { frame, timestampSeconds, width, height } = file
  return [{ id, objectId: object.id, frame, timestampSeconds, width, height }]
}

function renditionOf({ file, id, object }: Made): NewRendition[] {
  if (file.kind === 'preview') return []
  const { kind, width, height } = file
  return [{ id, objectId: object.id, kind, width, height, facts: file.kind === 'storyboard' ? file.facts : null }]
}
