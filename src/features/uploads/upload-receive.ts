import type { Readable } from 'node:stream'
import type { Store } from '../../db/store.ts'
import { AppError, notFound } from '../../errors.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { type Checksum, chunkOf } from './upload-chunk.ts'
import type { Lease } from './upload-lease.ts'
import { finishKey, finishUpload } from './uploads.jobs.ts'
import { sourceOf, type UploadRepository, type UploadRow } from './uploads.repository.ts'

export type ReceiveChunk = ReturnType<typeof createReceiveChunk>

/** The bytes of one request. */
export interface SentChunk {
  readonly offset: number
  readonly body: Readable
  /** As announced by Content-Length. */
  readonly length: number | undefined
  readonly checksum: Checksum | undefined
  readonly signal: AbortSignal
}

interface Repositories {
  readonly uploads: UploadRepository
  readonly jobs: JobRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly storage: ObjectStorage
  readonly expiry: () => Date
}

/** The bytes of a request go to the store, and what is safe of them into the row. */
export function createReceiveChunk({ store, storage, expiry }: Needs) {
  /** With the job that makes it an asset where this process does not come to it. */
  async function note({ upload, owner }: Lease, offsetBytes: number): Promise<UploadRow> {
    const { driveId, id } = upload
    const expiresAt = expiry()
    const isHeld = await store.transaction(async (tx) => {
      const advanced = await tx.uploads.advance({ driveId, id, owner }, { offsetBytes, expiresAt })
      if (advanced && offsetBytes === upload.sizeBytes) await tx.jobs.enqueue(finishUpload, { drive_id: driveId, upload_id: id }, finishKey(id))
      return advanced
    })
    if (isHeld) return { ...upload, offsetBytes, expiresAt, state: offsetBytes === upload.sizeBytes ? 'received' : 'open' }
    if (await store.uploads.exists(upload)) throw new AppError('locked', 'Another request has taken this upload over', { retryAfterSeconds: 2 })
    await storage.resumable.abort(sourceOf(upload), upload.storeUploadId) // its drive was deleted, and it with that
    throw notFound('Upload')
  }

  async function keep(lease: Lease, { body, length, checksum }: SentChunk): Promise<UploadRow> {
    const { upload, signal } = lease
    if (length === 0) return upload
    const { offsetBytes: offset, sizeBytes: size } = upload
    const chunk = chunkOf(body, { missing: size - offset, length, checksum })
    const isAtomic = checksum !== undefined
    const reached = await storage.resumable.append(sourceOf(upload), upload.storeUploadId, { offset, size, body: chunk.body, isAtomic, ...(!isAtomic && { onSafe: lease.note }), signal })
    const fault = chunk.fault()
    if (fault && reached === size) throw fault // a chunk that is refused never makes an upload whole, even where a store should have taken it
    const noted = await note(lease, reached)
    if (fault) throw fault
    if (noted.state === 'open') signal.throwIfAborted()
    return noted
  }

  return (lease: Lease, chunk: SentChunk): Promise<UploadRow> => (lease.upload.state === 'open' ? keep(lease, chunk) : takeNothing(lease, chunk))
}

/** What is over takes no bytes, but may be asked again whether it is an asset by now. */
async function takeNothing({ upload }: Lease, { body, length }: SentChunk): Promise<UploadRow> {
  const missing = upload.sizeBytes - upload.offsetBytes
  for await (const _piece of length === 0 ? [] : chunkOf(body, { missing, length: undefined, checksum: undefined }).body) break
  return upload
}
