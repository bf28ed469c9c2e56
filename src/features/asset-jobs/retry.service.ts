import type { AssetScope } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { AssetLockRepository } from '../../assets/asset-lock.repository.ts'
import type { Store } from '../../db/store.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import type { AssetJobRepository } from '../../jobs/asset-jobs.repository.ts'
import { type AssetType, isPicture } from '../../model/asset-type.ts'
import { type JobName, jobNames, type JobState } from '../../model/job-names.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AssetJob } from './asset-jobs.schemas.ts'
import { presentJob } from './asset-jobs.service.ts'

export type JobRetryService = ReturnType<typeof createJobRetryService>

interface Target {
  readonly driveId: string
  readonly assetId: string
}
type Made = 'preview' | 'color_palette' | 'proxy' | 'audio_proxy' | 'audio'

/** What puts work into the queue, in the transaction that asked for it. */
export interface Orders<Transaction> {
  readonly inspect: (tx: Transaction, target: Target) => Promise<void>
  readonly render: (tx: Transaction, target: Target, output: Made) => Promise<void>
  /** Absent where nobody looks for faces. */
  readonly findFaces?: (tx: Transaction, target: Target) => Promise<void>
}

interface Repositories {
  readonly assetLock: AssetLockRepository
  readonly assetJobs: AssetJobRepository
  readonly activity: ActivityRepository
}
interface Needs<R extends Repositories> {
  readonly store: Store<R>
  readonly orders: Orders<R>
  readonly clock: Clock
}
interface Subject {
  readonly type: string
  readonly systemMetadata: Readonly<Record<string, unknown>>
  readonly stateOf: (name: JobName) => JobState
}

export const createJobRetryService = <R extends Repositories>({ store, orders, clock }: Needs<R>) => ({
  async retry(scope: AssetScope<'edit'>, word: string): Promise<AssetJob> {
    const name = jobNames.find((each) => each === word)
    if (!name) throw invalid({ loc: ['path', 'name'], msg: `must be one of ${jobNames.join(', ')}`, type: 'enum' })
    return store.transaction(async (tx) => {
      const asset = await tx.assetLock.take(scope)
      const jobs = asset && (await tx.assetJobs.list(scope))
      if (!asset || !jobs) throw notFound('Asset')
      const subject: Subject = { ...asset, stateOf: (wanted) => (jobs.find((job) => job.name === wanted)?.state as JobState | undefined) ?? 'NOT_STARTED' } // kept by a constraint
      const names = await orderAgain({ tx, orders, scope }, name, subject)
      await tx.assetJobs.set(scope, names, { state: 'NOT_STARTED', attempts: 0 })
      const { driveId, assetId, caller } = scope
      await tx.activity.add({ driveId, caller, action: 'asset.retried', assetId, before: { state: subject.stateOf(name) }, after: { job: name }, at: clock.now() })
      const retried = (await tx.assetJobs.list(scope))?.find((job) => job.name === name)
      if (!retried) throw notFound('Asset')
      return presentJob(retried)
    })
  },
})

interface Ordering<R> {
  readonly tx: R
  readonly orders: Orders<R>
  readonly scope: Target
}

/** Puts it into the queue; answers the jobs that wait from then on. */
async function orderAgain<R>({ tx, orders, scope }: Ordering<R>, name: JobName, subject: Subject): Promise<readonly JobName[]> {
  if (subject.stateOf(name) === 'IN_PROGRESS') throw conflict('This job is under way: wait for its end')
  switch (name) {
    case 'metadata':
      await orders.inspect(tx, scope)
      return [name]
    case 'preview':
    case 'color_palette':
    case 'proxy':
    case 'audio_proxy':
    case 'audio':
      return renderAgain({ tx, orders, scope }, name, subject)
    case 'facial_recognition':
      if (!orders.findFaces) throw conflict('Nothing is set up to do this job')
      applies(name, subject)
      await orders.findFaces(tx, scope)
      return [name]
    default:
      throw conflict('Nothing is set up to do this job')
  }
}

/** Only what was looked at can be rendered; else the look is ordered, which orders all that can be made. */
async function renderAgain<R>({ tx, orders, scope }: Ordering<R>, name: Made, subject: Subject): Promise<readonly JobName[]> {
  applies(name, subject)
  if (subject.stateOf('metadata') !== 'COMPLETED') {
    await orders.inspect(tx, scope)
    return ['metadata', name]
  }
  if (ofSound.includes(name) && subject.systemMetadata['audio_codec'] === undefined) throw conflict('This job does not apply to an asset without sound')
  await orders.render(tx, scope, name)
  return [name]
}

const ofSound: readonly Made[] = ['audio_proxy', 'audio']
const isSeen = (type: AssetType) => type === 'VIDEO' || isPicture(type)
const isFilm = (type: AssetType) => type === 'VIDEO'
const isHeard = (type: AssetType) => type === 'VIDEO' || type === 'AUDIO'

const appliesTo: Readonly<Record<Made | 'facial_recognition', (type: AssetType) => boolean>> = {
  preview: isSeen, color_palette: isSeen, facial_recognition: isSeen, proxy: isFilm, audio_proxy: isHeard, audio: isHeard,
} // prettier-ignore

/** What has failed applied: sound with a cover has previews too. */
function applies(name: Made | 'facial_recognition', { type, stateOf }: Subject) {
  if (stateOf(name) === 'FAILED') return
  // As it was written, from the list of types.
  if (!appliesTo[name](type as AssetType)) throw conflict(`This job does not apply to assets of type ${type}`)
}
