import type { DriveScope } from '../../access/scope.ts'
import { fullPath } from '../../model/asset-path.ts'
import { type Cursors, type Page, pageById } from '../../model/cursor.ts'
import type { Clock } from '../../ports/clock.ts'
import type { UnfinishedUpload } from './unfinished-uploads.schemas.ts'
import type { UploadRepository, UploadRow } from './uploads.repository.ts'

export type UnfinishedUploadService = ReturnType<typeof createUnfinishedUploadService>

interface Needs {
  readonly store: { readonly uploads: UploadRepository }
  readonly cursors: Cursors
  readonly clock: Clock
}

export const createUnfinishedUploadService = ({ store, cursors, clock }: Needs) => ({
  /** In the order of their beginning. */
  list: (scope: DriveScope<'edit'>, page: Page) =>
    pageById(
      { cursors, list: `uploads ${scope.driveId} ${scope.caller.userId}`, page },
      (after, limit) => store.uploads.listUnfinished(scope, { now: clock.now(), after, limit }),
      present,
    ),
})

const present = ({ driveId, id, directory, name, sizeBytes, offsetBytes, createdAt, expiresAt }: UploadRow): UnfinishedUpload => ({
  id,
  path: fullPath(driveId, { directory, name }),
  size_bytes: sizeBytes,
  offset_bytes: offsetBytes,
  created: createdAt.toISOString(),
  expires: expiresAt.toISOString(),
})
