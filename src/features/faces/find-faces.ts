import { join } from 'node:path'
import type { AssetScope } from '../../access/scope.ts'
import { onAssetJob, type Try } from '../../jobs/define-job.ts'
import { reasonFor, wasStopped } from '../../jobs/job-faults.ts'
import { reportProgress } from '../../jobs/report-progress.ts'
import type { FaceFinder } from '../../ports/face-finder.ts'
import type { ImageEngine } from '../../ports/image-engine.ts'
import { MediaError } from '../../ports/media-engine.ts'
import { unitOf } from './face-means.ts'
import { cutOut, fetchPicture } from './face-pictures.ts'
import { faceJob, findFaces } from './faces.jobs.ts'
import type { FaceViewRepository, PreviewRow } from './face-views.repository.ts'
import { type KeepingNeeds, keepFoundFaces, type SeenFace } from './keep-found-faces.ts'

interface Needs extends KeepingNeeds {
  readonly store: KeepingNeeds['store'] & { readonly faceViews: FaceViewRepository }
  readonly images: ImageEngine
  /** Null: whatever was ordered before it was taken away counts as done. */
  readonly finder: FaceFinder | null
  readonly inFolder: <T>(work: (folder: string) => Promise<T>) => Promise<T>
}
interface Look {
  readonly finder: FaceFinder
  readonly folder: string
  readonly signal: AbortSignal
}

export function faceFinding({ store, storage, images, clock, finder, inFolder, leastSimilarity }: Needs) {
  /** The faces in one preview, each cut out. */
  async function seenIn({ key, frame, timestampSeconds }: PreviewRow, { finder, folder, signal }: Look): Promise<SeenFace[]> {
    const picture = await fetchPicture(storage, { key, folder, name: `${frame}.jpg`, signal })
    const seen: SeenFace[] = []
    for (const { box, confidence, embedding } of await finder.find(picture.bytes, { contentType: 'image/jpeg', signal })) {
      const file = await cutOut(images, picture.path, { box, target: join(folder, `${frame}-${seen.length}.jpg`), signal })
      seen.push({ frame, timestampSeconds, box, confidence, embedding: embedding && unitOf(embedding), file })
    }
    return seen
  }

  async function fail(scope: AssetScope<'edit'>, error: unknown, { attempt, isLast }: Try) {
    const isFinal = error instanceof MediaError || isLast
    await store.assetJobs.set(scope, [faceJob], { state: isFinal ? 'FAILED' : 'NOT_STARTED', error: reasonFor(error), attempts: attempt })
    if (!isFinal) throw error
  }

  return onAssetJob(findFaces, async (scope, _payload, theTry) => {
    if (!finder) return void (await store.assetJobs.set(scope, [faceJob], { state: 'COMPLETED', progress: 1 }))
    if (!(await store.assetJobs.set(scope, [faceJob], { state: 'IN_PROGRESS', progress: 0, attempts: theTry.attempt }))) return // deleted meanwhile
    const progress = reportProgress((share) => store.assetJobs.progress(scope, [faceJob], share), theTry.signal)
    try {
      await inFolder(async (folder) => {
        const previews = await store.faceViews.previews(scope)
        if (previews.length === 0) throw new MediaError('There are no previews to look for faces in')
        const seen: SeenFace[] = []
        for (const [at, preview] of previews.entries()) {
          seen.push(...(await seenIn(preview, { finder, folder, signal: progress.signal })))
          progress.onProgress((at + 1) / previews.length)
        }
        await keepFoundFaces({ store, storage, clock, leastSimilarity }, scope, { seen, signal: progress.signal })
      })
    } catch (error) {
      if (progress.isGone()) return // the asset was deleted while we looked at it
      if (wasStopped(theTry.signal)) throw error // the job goes back as it is
      await fail(scope, error, theTry)
    } finally {
      progress.end()
    }
  })
}
