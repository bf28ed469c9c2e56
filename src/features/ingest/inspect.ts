import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { AssetScope } from '../../access/scope.ts'
import type { AssetLockRepository } from '../../assets/asset-lock.repository.ts'
import type { Store } from '../../db/store.ts'
import type { AssetJobRepository } from '../../jobs/asset-jobs.repository.ts'
import { onAssetJob, type Try } from '../../jobs/define-job.ts'
import { reasonFor, wasStopped } from '../../jobs/job-faults.ts'
import type { JobFolders } from '../../jobs/job-folder.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { type AssetType, assetTypeOf, isPicture } from '../../model/asset-type.ts'
import type { JobName } from '../../model/job-names.ts'
import { timecodeFrames } from '../../model/timecode.ts'
import { localSource } from '../../objects/local-source.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ImageEngine } from '../../ports/image-engine.ts'
import { MediaError, type MediaEngine, type Probe } from '../../ports/media-engine.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { closedFormat } from './closed-formats.ts'
import { inspectAsset, renderAsset, type Renderable, renderable } from './ingest.jobs.ts'
import type { AfterPreviews } from './rendering/keep-renditions.ts'
import { sniff } from './sniff.ts'
import { hashOfSource } from './source-hash.ts'
import type { Inspection, SourceRepository, SourceRow } from './sources.repository.ts'
import { metadataOfImage, metadataOfProbe } from './system-metadata.ts'

interface Repositories {
  readonly assetLock: AssetLockRepository
  readonly sources: SourceRepository
  readonly assetJobs: AssetJobRepository
  readonly jobs: JobRepository
  readonly activity: ActivityRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly storage: ObjectStorage
  readonly media: MediaEngine
  readonly images: ImageEngine
  readonly clock: Clock
  readonly folders: JobFolders
  readonly afterPreviews: AfterPreviews | null
}

interface Findings {
  readonly inspection: Inspection
  /** What can be made of it. */
  readonly outputs: readonly Renderable[]
}

export function inspection({ store, storage, media, images, clock, folders, afterPreviews }: Needs) {
  /** The jobs that wait for what is made of it, those that look at its previews too. */
  const awaiting = (outputs: readonly Renderable[]): JobName[] => [...outputs, ...(afterPreviews && outputs.includes('preview') ? [afterPreviews.job] : [])]

  async function look(scope: AssetScope<'edit'>, source: SourceRow, { folder, signal }: { readonly folder: string; readonly signal: AbortSignal }): Promise<Findings> {
    const mime = await sniff(storage, source.key, signal)
    const type = assetTypeOf(source.extension, mime)
    const facts = { ...nothingKnown, type, contentType: mime ?? source.contentType, at: clock.now() }
    const isMedia = type === 'VIDEO' || type === 'AUDIO' || isPicture(type)
    const path = isMedia && source.sizeBytes > 0 ? await localSource(storage, { key: source.key, folder, signal }) : undefined
    // Written at once: a file that nothing can be made of has it too, and another try need not read it all again.
    if (source.contentHash === null) await store.sources.setHash(scope, await hashOfSource(storage, { key: source.key, file: path, signal }))
    if (!isMedia) return { inspection: facts, outputs: [] }
    if (path === undefined) throw new MediaError('The file is empty')
    if (isPicture(type)) {
      const image = await images.read(path, signal)
      return { inspection: { ...facts, systemMetadata: metadataOfImage(image) }, outputs: outputsOfPicture }
    }
    const probe = await probed(media, path, { extension: source.extension, signal })
    return { inspection: { ...facts, ...factsOf(probe), type: typeOf(probe) }, outputs: outputsOf(probe) }
  }

  /** What the file is by its bytes, or while they cannot be had by its name. */
  const typeNow = async (source: SourceRow, signal: AbortSignal) => assetTypeOf(source.extension, await sniff(storage, source.key, signal).catch(() => undefined))

  /** The states of all jobs follow from what was found: what does not apply counts as done. */
  async function settle(scope: AssetScope<'edit'>, { inspection, outputs }: Findings) {
    await store.transaction(async (tx) => {
      if (!(await tx.assetLock.take(scope))) return
      await tx.sources.setInspection(scope, inspection)
      await tx.assetJobs.set(scope, ['metadata'], { state: 'COMPLETED', progress: 1 })
      const waiting = awaiting(outputs)
      const idle = notApplying(waiting)
      if (idle.length > 0) await tx.assetJobs.set(scope, idle, { state: 'COMPLETED', progress: 1 })
      const { driveId, assetId, caller } = scope
      const twin = await tx.sources.twinOf(scope)
      const after = { type: inspection.type, system_metadata: inspection.systemMetadata, ...(twin !== undefined && { duplicate_of: twin }) }
      await tx.activity.add({ driveId, caller, action: 'asset.inspected', assetId, after, at: inspection.at })
      if (outputs.length === 0) return
      await tx.assetJobs.set(scope, waiting, { state: 'NOT_STARTED' })
      await tx.jobs.enqueue(renderAsset, { drive_id: driveId, asset_id: assetId, outputs: [...outputs] }, `render:${assetId}`)
    })
  }

  async function fail(scope: AssetScope<'edit'>, { type, error }: { readonly type: AssetType; readonly error: unknown }, { attempt, isLast }: Try) {
    const isFinal = error instanceof MediaError || isLast
    const change = { state: isFinal ? 'FAILED' : 'NOT_STARTED', error: reasonFor(error), attempts: attempt } as const
    await store.assetJobs.set(scope, ['metadata'], change)
    if (!isFinal) throw error
    // What nobody could look into, nothing is made of; what would never have been made counts as done.
    const waiting = awaiting(outputsFor(type))
    if (waiting.length > 0) await store.assetJobs.set(scope, waiting, change)
    await store.assetJobs.set(scope, notApplying(waiting), { state: 'COMPLETED', progress: 1 })
  }

  return onAssetJob(inspectAsset, async (scope, _payload, theTry) => {
    const source = await store.sources.find(scope)
    if (!source) return // deleted meanwhile
    await store.assetJobs.set(scope, ['metadata'], { state: 'IN_PROGRESS', progress: 0, attempts: theTry.attempt })
    if (theTry.isLast) await store.assetJobs.foresee(scope, foreseen(awaiting(outputsFor(assetTypeOf(source.extension, undefined)))))
    try {
      await folders.use(async (folder) => settle(scope, await look(scope, source, { folder, signal: theTry.signal })))
    } catch (error) {
      if (wasStopped(theTry.signal)) throw error // the job goes back as it is
      await fail(scope, { type: await typeNow(source, theTry.signal), error }, theTry)
    }
  })
}

async function probed(media: MediaEngine, path: string, { extension, signal }: { readonly extension: string; readonly signal: AbortSignal }): Promise<Probe> {
  const closed = closedFormat(extension)
  const probe = await media.probe(path, signal).catch((error: unknown) => Promise.reject(error instanceof MediaError && closed ? closed : error))
  if (closed && !probe.video) throw closed
  return probe
}

const nothingKnown = { systemMetadata: {}, durationSeconds: null, frameRate: null, isVariableRate: null, startTimecodeFrames: null, isDropFrame: null } as const

function factsOf(probe: Probe) {
  const { durationSeconds, video } = probe
  return {
    systemMetadata: metadataOfProbe(probe),
    durationSeconds,
    frameRate: video?.frameRate ?? null,
    isVariableRate: video?.isVariableRate ?? null,
    ...startOf(probe),
  }
}

/** A start timecode counts frames of the pictures: without their rate it says nothing. */
function startOf({ timecode, video }: Probe) {
  const start = timecode !== null && video?.frameRate ? timecodeFrames(timecode, video.frameRate) : null
  return { startTimecodeFrames: start?.frames ?? null, isDropFrame: start?.isDropFrame ?? null }
}

/** A film without pictures is sound, whatever its name says. */
const typeOf = (probe: Probe): AssetType => (probe.video ? 'VIDEO' : 'AUDIO')

const outputsOfPicture: readonly Renderable[] = ['preview', 'color_palette']
const outputsOfFilm: readonly Renderable[] = [...outputsOfPicture, 'proxy']
const outputsOfSound: readonly Renderable[] = ['audio_proxy', 'audio']

const outputsOf = ({ video, audio, streams }: Probe): readonly Renderable[] => [
  ...(video ? outputsOfFilm : streams.some(({ kind }) => kind === 'cover') ? outputsOfPicture : []),
  ...(audio ? outputsOfSound : []),
]

/** What would be made of a file of this type, had it been read. */
const outputsFor = (type: AssetType): readonly Renderable[] => (type === 'VIDEO' ? renderable : type === 'AUDIO' ? outputsOfSound : isPicture(type) ? outputsOfPicture : [])

/** Jobs that this asset has no use for, or nobody is set up to do and the contract counts as done. */
function notApplying(waiting: readonly JobName[]): JobName[] {
  return [
    ...[...renderable, 'facial_recognition' as const].filter((each) => !waiting.includes(each)),
    ...(waiting.includes('audio_proxy') ? [] : (['transcription'] as const)),
  ]
}

/** Who is killed in the last try says nothing any more: what waits for it is told as failed together with it, as far as there are rows by then. */
const foreseen = (waiting: readonly JobName[]) => [...waiting.map((name) => [name, 'NOT_STARTED'] as const), ...notApplying(waiting).map((name) => [name, 'COMPLETED'] as const)]
