import { v7 as uuidv7 } from 'uuid'
import type { DriveScope } from '../../access/scope.ts'
import type { PathRepository } from '../../assets/paths.repository.ts'
import type { Store } from '../../db/store.ts'
import { AppError, notFound, pathTaken } from '../../errors.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { contentTypeOf } from '../../model/content-type.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import type { UploadOrder } from './tus-headers.ts'
import { tooMany } from './upload-chunk.ts'
import type { UploadEnding } from './upload-ending.ts'
import type { FinishUpload } from './upload-finish.ts'
import type { Lease, UploadLeases } from './upload-lease.ts'
import type { ReceiveChunk, SentChunk } from './upload-receive.ts'
import { finishKey, finishUpload } from './uploads.jobs.ts'
import { sourceOf, type UploadRepository, type UploadRow } from './uploads.repository.ts'

export type UploadService = ReturnType<typeof createUploadService>

interface Repositories {
  readonly uploads: UploadRepository
  readonly paths: PathRepository
  readonly jobs: JobRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly storage: ObjectStorage
  readonly clock: Clock
  readonly leases: UploadLeases
  readonly receive: ReceiveChunk
  readonly finish: FinishUpload
  readonly ending: UploadEnding
  readonly maxBytes: number
  readonly expiry: () => Date
}

/** Of one person on one drive: each lies in the store as a folder, or as an upload that is paid for. */
const mostUnfinished = 1000

export interface UploadProgress {
  readonly id: string
  readonly offset: number
  readonly size: number
  readonly expires: Date
  /** As whoever began it said it. */
  readonly metadata: string
  /** Of the asset that it has become. */
  readonly assetId: string | null
}

export function createUploadService({ store, storage, clock, leases, receive, finish, ending, maxBytes, expiry }: Needs) {
  async function find(scope: DriveScope<'edit'>, id: string): Promise<UploadRow> {
    const upload = await store.uploads.find(scope, id)
    if (!upload) throw notFound('Upload')
    if (upload.expiresAt <= clock.now()) throw new AppError('gone', 'This upload has expired: nothing came for a day')
    return upload
  }

  async function completed(scope: DriveScope<'edit'>, upload: UploadRow, { owner }: Lease): Promise<UploadProgress> {
    if (upload.state === 'received') await finish(scope, { upload, owner })
    return progressOf(upload.state === 'received' ? { ...upload, state: 'finished' } : upload)
  }

  return {
    maxBytes,

    async create(scope: DriveScope<'edit'>, { path, sizeBytes, onConflict, metadata, ...order }: UploadOrder, signal: AbortSignal): Promise<UploadProgress> {
      if (sizeBytes > maxBytes) throw new AppError('too_large', `An upload may have ${maxBytes} bytes`)
      if ((await store.uploads.unfinished(scope)) >= mostUnfinished) throw new AppError('too_many_requests', `You have ${mostUnfinished} unfinished uploads on this drive: end some, or finish them`, { retryAfterSeconds: 60 })
      const holder = onConflict === 'refuse' ? await store.paths.holder(scope, path) : undefined // to save the sending; what counts is asked at the end
      if (holder) throw pathTaken(holder.id)
      const { driveId } = scope
      const [id, assetId] = [uuidv7(), uuidv7()]
      const contentType = order.contentType ?? contentTypeOf(path.name)
      const key = sourceOf({ driveId, assetId })
      const storeUploadId = await storage.resumable.start(key, { contentType, size: sizeBytes })
      const expiresAt = expiry()
      try {
        await store.transaction(async (tx) => {
          await tx.uploads.insert(scope, { ...path, id, assetId, onConflict, contentType, metadata, sizeBytes, storeUploadId, at: clock.now(), expiresAt })
          if (sizeBytes === 0) await tx.jobs.enqueue(finishUpload, { drive_id: driveId, upload_id: id }, finishKey(id))
        })
      } catch (error) {
        await storage.resumable.abort(key, storeUploadId)
        throw error
      }
      if (sizeBytes > 0) return { id, offset: 0, size: sizeBytes, expires: expiresAt, metadata, assetId: null }
      return leases.hold({ driveId, id }, signal, (lease) => completed(scope, lease.upload, lease))
    },

    /** Waits for a request that is writing, so that what it answers is where to go on. */
    async look(scope: DriveScope<'edit'>, id: string, signal: AbortSignal): Promise<UploadProgress> {
      const upload = await find(scope, id)
      if (upload.state === 'finished' || (upload.state === 'open' && upload.lockedBy === null)) return progressOf(upload)
      return leases.hold(upload, signal, (lease) => completed(scope, lease.upload, lease))
    },

    async append(scope: DriveScope<'edit'>, id: string, chunk: SentChunk): Promise<UploadProgress> {
      return leases.hold(await find(scope, id), chunk.signal, async (lease) => {
        const { offsetBytes: offset, sizeBytes: size } = lease.upload
        if (chunk.offset !== offset) throw new AppError('conflict', `This upload goes on at byte ${offset}`, { headers: { 'upload-offset': String(offset) } })
        if (chunk.length !== undefined && chunk.length > size - offset) throw tooMany(size - offset)
        return completed(scope, await receive(lease, chunk), lease)
      })
    },

    /** Ends it for good. What has become an asset is one, and is deleted as such. */
    async end(scope: DriveScope<'edit'>, id: string, signal: AbortSignal): Promise<void> {
      await leases.hold(await find(scope, id), signal, async ({ upload }) => {
        if (upload.state === 'finished') throw new AppError('gone', 'This upload has become an asset')
        await ending.remove(upload)
      })
    },
  }
}

const progressOf = (upload: UploadRow): UploadProgress => ({
  id: upload.id,
  offset: upload.offsetBytes,
  size: upload.sizeBytes,
  expires: upload.expiresAt,
  metadata: upload.metadata,
  assetId: upload.state === 'finished' ? upload.assetId : null,
})
