import type { PathRepository } from '../../assets/paths.repository.ts'
import type { Store } from '../../db/store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { createUploadEnding } from './upload-ending.ts'
import { createFinishUpload, type FinishingRepositories, type PlaceSource } from './upload-finish.ts'
import { createUploadLeases, type LeaseTimes, usualLeaseTimes } from './upload-lease.ts'
import { createReceiveChunk } from './upload-receive.ts'
import { uploadFinish, uploadSweep } from './upload-upkeep.ts'
import { createUploadService } from './uploads.service.ts'

interface Repositories extends FinishingRepositories {
  readonly paths: PathRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly storage: ObjectStorage
  readonly clock: Clock
  readonly place: PlaceSource
  readonly maxBytes: number
  readonly times?: LeaseTimes | undefined
}

const dayMs = 86_400_000

/** What the feature's parts share: one lock, one way to finish and one to end. */
export function createUploads({ store, storage, clock, place, maxBytes, times = usualLeaseTimes }: Needs) {
  const expiry = () => new Date(clock.now().getTime() + dayMs)
  const leases = createUploadLeases({ store, times, expiry })
  const finish = createFinishUpload({ store, storage, clock, place })
  const ending = createUploadEnding({ store, storage })
  return {
    service: createUploadService({ store, storage, clock, leases, receive: createReceiveChunk({ store, storage, expiry }), finish, ending, maxBytes, expiry }),
    handlers: [uploadFinish({ store, leases, finish, ending, clock }), uploadSweep({ store, leases, finish, ending, clock })],
    /** For the purge of a drive. */
    removeAll: ending.removeAll,
  }
}
