import type { AssetScope } from '../../../access/scope.ts'
import { onAssetJob, type Try } from '../../../jobs/define-job.ts'
import { reasonFor, wasStopped } from '../../../jobs/job-faults.ts'
import type { JobFolders } from '../../../jobs/job-folder.ts'
import { reportProgress } from '../../../jobs/report-progress.ts'
import { type AssetType, isPicture } from '../../../model/asset-type.ts'
import { localSource } from '../../../objects/local-source.ts'
import { MediaError } from '../../../ports/media-engine.ts'
import { renderAsset, type Renderable } from '../ingest.jobs.ts'
import { type KeepingNeeds, keepRenditions } from './keep-renditions.ts'
import { type Engines, renderImage, renderMedia } from './make-renditions.ts'
import { eachAlone } from './render-each.ts'
import type { SourceRepository } from '../sources.repository.ts'

interface Needs extends KeepingNeeds, Engines {
  readonly store: KeepingNeeds['store'] & { readonly sources: SourceRepository }
  readonly folders: JobFolders
}
interface Failure {
  readonly error: unknown
  readonly theTry: Try
}

export function rendering({ store, storage, media, images, clock, folders, afterPreviews }: Needs) {
  async function fail(scope: AssetScope<'edit'>, outputs: readonly Renderable[], { error, theTry: { attempt, isLast } }: Failure) {
    const isFinal = error instanceof MediaError || isLast
    // What would have looked at the previews cannot either.
    const names = outputs.includes('preview') && afterPreviews ? [...outputs, afterPreviews.job] : outputs
    await store.assetJobs.set(scope, names, { state: isFinal ? 'FAILED' : 'NOT_STARTED', error: reasonFor(error), attempts: attempt })
    if (!isFinal) throw error
  }

  return onAssetJob(renderAsset, async (scope, { outputs }, theTry) => {
    const source = await store.sources.find(scope)
    if (!source) return // deleted meanwhile
    await store.assetJobs.set(scope, outputs, { state: 'IN_PROGRESS', progress: 0, attempts: theTry.attempt })
    let left = outputs
    const settled = (done: readonly Renderable[]) => (left = left.filter((each) => !done.includes(each)))
    const progress = reportProgress((share) => store.assetJobs.progress(scope, outputs, share), theTry.signal)
    try {
      await folders.use(async (folder) => {
        const { signal, onProgress } = progress
        const path = await localSource(storage, { key: source.key, folder, signal })
        const make = isPicture(source.type as AssetType) ? renderImage : renderMedia // written from the same list
        const results = await eachAlone(outputs, (wanted) => make({ media, images }, { source: path, folder, outputs: wanted, signal, onProgress }))
        for (const { outputs, error } of results.badly) {
          await fail(scope, outputs, { error, theTry })
          settled(outputs)
        }
        for (const { outputs, made } of results.well) {
          await keepRenditions({ store, storage, clock, afterPreviews }, scope, { outputs, made, signal })
          settled(outputs)
        }
      })
    } catch (error) {
      if (progress.isGone()) return // the asset was deleted while we worked on it
      if (wasStopped(theTry.signal)) throw error // the job goes back as it is
      await fail(scope, left, { error, theTry })
    } finally {
      progress.end()
    }
  })
}
