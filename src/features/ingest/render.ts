import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { AssetScope } from '../../access/scope.ts'
import type { Store } from '../../db/store.ts'
import { AppError, notFound } from '../../errors.ts'
import type { AssetJobRepository } from '../../jobs/asset-jobs.repository.ts'
import { onAssetJob, type Try } from '../../jobs/define-job.ts'
import { localSource } from '../../objects/local-source.ts'
import { objectKeys, renditionTypes } from '../../objects/object-keys.ts'
import type { NewObject, ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ImageEngine } from '../../ports/image-engine.ts'
import { MediaError, type MediaEngine } from '../../ports/media-engine.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { renderAsset, type Renderable } from './ingest.jobs.ts'
import type { IngestRepository } from './ingest.repository.ts'
import { type JobFolders, reasonFor } from './job-folder.ts'
import { type MadeFile, renderImage, renderMedia } from './make-renditions.ts'
import { reportProgress } from './report-progress.ts'

interface Needs {
  readonly store: Store<{ readonly ingest: IngestRepository; readonly objects: ObjectRepository; readonly assetJobs: AssetJobRepository; readonly activity: ActivityRepository }>
  readonly storage: ObjectStorage
  readonly media: MediaEngine
  readonly images: ImageEngine
  readonly clock: Clock
  readonly folders: JobFolders
}

export function rendering({ store, storage, media, images, clock, folders }: Needs) {
  /** Files become objects: reserved, sent, then referred to in one transaction. */
  async function keep(scope: AssetScope<'edit'>, outputs: readonly Renderable[], files: readonly MadeFile[], signal: AbortSignal) {
    const { driveId, assetId, caller } = scope
    const at = clock.now()
    const made = files.map((file) => {
      const [id, objectId] = [store.objects.newId(), store.objects.newId()]
      const object: NewObject =
        file.kind === 'preview'
          ? { id: objectId, kind: 'preview', key: objectKeys.preview(driveId, assetId, id), contentType: 'image/jpeg' }
          : { id: objectId, kind: file.kind, key: objectKeys.rendition(driveId, assetId, file.kind, id), contentType: renditionTypes[file.kind] }
      return { file, id, object }
    })
    await store.objects.reserve(driveId, made.map((each) => each.object), at)
    const sizes: { id: string; size: number }[] = []
    for (const { file, object } of made) {
      const { size } = await storage.put(object.key, createReadStream(file.path, { signal }), { contentType: object.contentType, signal })
      sizes.push({ id: object.id, size })
    }

    await store.transaction(async (tx) => {
      if (!(await tx.ingest.lock(scope))) throw notFound('Asset')
      if (!(await tx.objects.store(driveId, sizes))) throw new AppError('conflict', 'The rendering took longer than a day')
      const previews = made.flatMap(({ file, id, object }) =>
        file.kind === 'preview' ? [{ id, objectId: object.id, frame: file.frame, timestampSeconds: file.timestampSeconds, width: file.width, height: file.height }] : [],
      )
      const renditions = made.flatMap(({ file, id, object }) => (file.kind === 'preview' ? [] : [{ id, objectId: object.id, kind: file.kind, width: file.width, height: file.height }]))
      const old = [...(outputs.includes('preview') ? await tx.ingest.replacePreviews(scope, previews) : []), ...(await tx.ingest.replaceRenditions(scope, renditions, at))]
      await tx.objects.unreference(driveId, old)
      await tx.assetJobs.set(scope, outputs, { state: 'COMPLETED', progress: 1 })
      await tx.activity.add({ driveId, caller, action: 'asset.rendered', assetId, after: { outputs }, at })
    })
  }

  async function fail(scope: AssetScope<'edit'>, outputs: readonly Renderable[], error: unknown, { attempt, isLast }: Try) {
    const isFinal = error instanceof MediaError || isLast
    await store.assetJobs.set(scope, outputs, { state: isFinal ? 'FAILED' : 'NOT_STARTED', error: reasonFor(error), attempts: attempt })
    if (!isFinal) throw error
  }

  return onAssetJob(renderAsset, async (scope, { outputs }, theTry) => {
    const source = await store.ingest.source(scope)
    if (!source) return // deleted meanwhile
    await store.assetJobs.set(scope, outputs, { state: 'IN_PROGRESS', progress: 0, attempts: theTry.attempt })
    const progress = reportProgress((share) => store.assetJobs.progress(scope, outputs, share), theTry.signal)
    try {
      await folders.use(async (folder) => {
        const path = await localSource(storage, { key: source.key, folder, signal: progress.signal })
        const order = { source: path, folder: join(folder), signal: progress.signal, onProgress: progress.onProgress }
        const files = source.type === 'IMAGE' ? await renderImage(images, order) : await renderMedia(media, order, outputs)
        await keep(scope, outputs, files, progress.signal)
      })
    } catch (error) {
      if (progress.isGone()) return // the asset was deleted while we worked on it
      if (theTry.signal.aborted && !theTry.isLast) throw error
      await fail(scope, outputs, error, theTry)
    }
  })
}
