import { setTimeout as pause } from 'node:timers/promises'
import type { Installation } from '../installation.ts'
import { keepWorking } from '../jobs/keep-working.ts'
import { silentSeconds } from '../jobs/worker.ts'
import { fullPath } from '../model/asset-path.ts'
import type { JobName } from '../model/job-names.ts'
import type { FailedJob, IngestDisplay } from './ingest-display.ts'
import { throughOutages } from './through-outages.ts'

/** What is made of a file by itself. */
const names: readonly JobName[] = ['metadata', 'preview', 'proxy', 'audio_proxy']

interface Waiting {
  readonly driveId: string
  readonly assetIds: readonly string[]
  readonly display: Pick<IngestDisplay, 'note' | 'warn'>
  readonly signal: AbortSignal
}

/** Until every job on these assets has ended, or the signal says to stop; answers those that failed. Where no worker is heard of, this process does the work. */
export async function waitForJobs(installation: Installation, { driveId, assetIds, display, signal }: Waiting): Promise<FailedJob[]> {
  const { store } = installation
  const warn = once(display.warn)
  const worker = ownWorker(installation, warn)
  const sayTrouble = async () => {
    for (const { state, name, error, ...asset } of await store.assetJobsOverview.troubled(driveId, assetIds, names))
      if (state !== 'FAILED' && error !== null) warn(`${pathIn(driveId, asset)}: ${name} is tried again. ${error}`, error)
  }
  try {
    for (let shown = -1; !signal.aborted; ) {
      const left = await throughOutages(() => store.assetJobsOverview.unended(driveId, assetIds, names), signal)
      if (left === 0) break
      if (left !== shown) display.note(`${left} ${left === 1 ? 'asset is' : 'assets are'} still worked on`)
      shown = left
      await throughOutages(sayTrouble, signal)
      await worker.startIfAlone()
      await pause(500, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await worker.stop()
  }
  if (signal.aborted) display.warn('No longer waited for; what is left is done where a worker runs')
  const failed = (await store.assetJobsOverview.troubled(driveId, assetIds, names)).filter((each) => each.state === 'FAILED')
  return failed.map(({ name, error, assetId, ...asset }) => ({ assetId, path: pathIn(driveId, asset), job: name, error }))
}

const pathIn = (driveId: string, { directory, assetName: name }: { readonly directory: string; readonly assetName: string }) => fullPath(driveId, { directory, name })

type Warn = (text: string, reason: string) => void

/** A reason is said once, however many files and tries it stops. */
function once(say: (text: string) => void): Warn {
  const said = new Set<string>()
  return (text, reason) => {
    if (said.has(reason)) return
    said.add(reason)
    say(text)
  }
}

/** Starts when no worker is heard of, be it that the last one went while we waited. */
function ownWorker({ store, workerJobs, directPool, handlers, config }: Installation, warn: Warn) {
  let own: Awaited<ReturnType<typeof keepWorking>> | undefined
  const log = (_level: string, message: string) => {
    const reason = /with error '(.*?)':?$/.exec(message)?.[1] // graphile-worker's words; the rest names the try
    warn(reason === undefined ? message : `A job is tried again. ${reason}`, reason ?? message)
  }
  return {
    async startIfAlone() {
      if (own || (await store.jobs.livingWorkers(silentSeconds)) > 0) return
      own = await keepWorking({ pool: directPool, jobs: workerJobs, handlers, concurrency: config.JOB_CONCURRENCY, log })
    },
    stop: async () => own?.stop(),
  }
}
