import { type DriveScope, server } from '../../access/scope.ts'
import { AppError } from '../../errors.ts'
import { onDriveJob, onJob } from '../../jobs/define-job.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { UploadEnding } from './upload-ending.ts'
import type { FinishUpload } from './upload-finish.ts'
import type { UploadLeases } from './upload-lease.ts'
import { finishKey, finishUpload, sweepUploads } from './uploads.jobs.ts'
import type { UploadKey, UploadRepository, UploadRow } from './uploads.repository.ts'

interface Needs {
  readonly store: { readonly uploads: UploadRepository; readonly jobs: JobRepository }
  readonly leases: UploadLeases
  readonly finish: FinishUpload
  readonly ending: UploadEnding
  readonly clock: Clock
}

export const uploadFinish = ({ store, leases, finish }: Needs) =>
  onDriveJob(finishUpload, async (scope, { drive_id: driveId, upload_id: id }) => {
    const key: UploadKey = { driveId, id }
    const isDone = await leases.holdIfFree(key, async (lease) => {
      // A path that is taken is for its owner to solve.
      if (lease.upload.state === 'received') await finish(asUploader(scope, lease.upload), lease).catch((error: unknown) => (isTaken(error) ? undefined : Promise.reject(error)))
      return true
    })
    // Its request may be at it still, and be killed yet.
    if (!isDone && (await store.uploads.exists(key))) await store.jobs.enqueue(finishUpload, { drive_id: driveId, upload_id: id }, finishKey(id))
  })

const isTaken = (error: unknown) => error instanceof AppError && error.code === 'conflict' && error.assetId !== undefined

/** The asset is theirs whose upload it was, whoever brings it to its end. */
const asUploader = <S extends DriveScope<'edit'>>(scope: S, { createdBy }: UploadRow): S =>
  createdBy === null ? scope : { ...scope, caller: { ...server, userId: createdBy, isOperator: false } }

/** Removes uploads that nobody went on with for a day, and the rows of those that ended. */
export const uploadSweep = ({ store, leases, ending, clock }: Needs) =>
  onJob(sweepUploads, async (_payload, { signal }) => {
    for (;;) {
      const found = await store.uploads.expired(clock.now(), 200)
      let removed = 0
      for (const key of found) {
        signal.throwIfAborted()
        const gone = await leases.holdIfFree(key, async ({ upload }) => (upload.expiresAt < clock.now() ? ending.remove(upload) : undefined))
        if (gone) removed += 1
      }
      if (removed === 0) return
    }
  })
