import { createActivityRepository } from './activity/activity.repository.ts'
import { createAssetLockRepository } from './assets/asset-lock.repository.ts'
import { createAssetRepository } from './assets/assets.repository.ts'
import { createPathRepository } from './assets/paths.repository.ts'
import { createAttachmentRepository } from './attachments/attachments.repository.ts'
import type { Executor } from './db/client.ts'
import { createApiKeyRepository } from './features/accounts/api-keys.repository.ts'
import { createOfficeRepository } from './features/accounts/offices.repository.ts'
import { createUserRepository } from './features/accounts/users.repository.ts'
import { createMoveRepository } from './features/assets/moves.repository.ts'
import { createDownloadRepository } from './features/downloads/downloads.repository.ts'
import { createDriveRepository } from './features/drives/drives.repository.ts'
import { createMemberRepository } from './features/drives/members.repository.ts'
import { createFaceViewRepository } from './features/faces/face-views.repository.ts'
import { createFaceRepository } from './features/faces/faces.repository.ts'
import { createIndividualViewRepository } from './features/faces/individuals/individual-views.repository.ts'
import { createIndividualRepository } from './features/faces/individuals/individuals.repository.ts'
import { createPurgedFaceRepository } from './features/faces/individuals/purged-faces.repository.ts'
import { createFolderAssetRepository } from './features/folders/folder-assets.repository.ts'
import { createFolderOperationRepository } from './features/folders/folder-operations.repository.ts'
import { createFolderRepository } from './features/folders/folders.repository.ts'
import { createDuplicateRepository } from './features/duplicates/duplicates.repository.ts'
import { createIngestRepository } from './features/ingest/ingest.repository.ts'
import { createRenditionRepository } from './features/ingest/rendering/renditions.repository.ts'
import { createSourceRepository } from './features/ingest/sources.repository.ts'
import { createRenditionViewRepository } from './features/renditions/rendition-views.repository.ts'
import { createThumbnailRepository } from './features/thumbnails/thumbnails.repository.ts'
import { createTrashRepository } from './features/trash/trash.repository.ts'
import { createUploadRepository } from './features/uploads/uploads.repository.ts'
import { createUsageRepository } from './features/usage/usage.repository.ts'
import { createAssetJobOverviewRepository } from './jobs/asset-jobs-overview.repository.ts'
import { createAssetJobRepository } from './jobs/asset-jobs.repository.ts'
import { createJobRepository } from './jobs/jobs.repository.ts'
import { createObjectListRepository } from './objects/object-list.repository.ts'
import { createObjectRepository } from './objects/objects.repository.ts'

/** All of them, on the pool or on one transaction; whoever needs some names those. */
export const repositories = (db: Executor) => ({
  activity: createActivityRepository(db),
  apiKeys: createApiKeyRepository(db),
  assetJobs: createAssetJobRepository(db),
  assetJobsOverview: createAssetJobOverviewRepository(db),
  assetLock: createAssetLockRepository(db),
  assets: createAssetRepository(db),
  attachments: createAttachmentRepository(db),
  downloads: createDownloadRepository(db),
  drives: createDriveRepository(db),
  duplicates: createDuplicateRepository(db),
  faces: createFaceRepository(db),
  faceViews: createFaceViewRepository(db),
  folderAssets: createFolderAssetRepository(db),
  folderOperations: createFolderOperationRepository(db),
  folders: createFolderRepository(db),
  individuals: createIndividualRepository(db),
  individualViews: createIndividualViewRepository(db),
  ingest: createIngestRepository(db),
  jobs: createJobRepository(db),
  members: createMemberRepository(db),
  moves: createMoveRepository(db),
  objectList: createObjectListRepository(db),
  objects: createObjectRepository(db),
  offices: createOfficeRepository(db),
  paths: createPathRepository(db),
  purgedFaces: createPurgedFaceRepository(db),
  renditions: createRenditionRepository(db),
  renditionViews: createRenditionViewRepository(db),
  sources: createSourceRepository(db),
  thumbnails: createThumbnailRepository(db),
  trash: createTrashRepository(db),
  uploads: createUploadRepository(db),
  usage: createUsageRepository(db),
  users: createUserRepository(db),
})
