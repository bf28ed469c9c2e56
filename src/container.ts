import { createAccessRepository } from './access/access.repository.ts'
import { createAuthenticate, type TokenSettings } from './access/authenticate.ts'
import { createDecide } from './access/decide.ts'
import { createSigner, keysFor } from './access/secrets.ts'
import { createAttachmentTokens } from './attachments/attachment-token.ts'
import { type Executor, unconnected } from './db/client.ts'
import { createStore } from './db/store.ts'
import { myApiKeyRoutes, userApiKeyRoutes } from './features/accounts/api-keys.routes.ts'
import { createApiKeyService } from './features/accounts/api-keys.service.ts'
import { meRoutes, userRoutes } from './features/accounts/users.routes.ts'
import { createUserService } from './features/accounts/users.service.ts'
import { activityRoutes } from './features/activity/activity.routes.ts'
import { createActivityService } from './features/activity/activity.service.ts'
import { assetJobRoutes } from './features/asset-jobs/asset-jobs.routes.ts'
import { createAssetJobService } from './features/asset-jobs/asset-jobs.service.ts'
import { createJobRetryService } from './features/asset-jobs/retry.service.ts'
import { assetRoutes } from './features/assets/assets.routes.ts'
import { createAssetService } from './features/assets/assets.service.ts'
import { moveRoutes } from './features/assets/moves.routes.ts'
import { createMoveService } from './features/assets/moves.service.ts'
import { attachmentRoutes } from './features/attachments/attachments.routes.ts'
import { createAttachmentService } from './features/attachments/attachments.service.ts'
import { downloadRoutes } from './features/downloads/downloads.routes.ts'
import { createDownloadService } from './features/downloads/downloads.service.ts'
import { drivePurge } from './features/drives/drives.jobs.ts'
import { driveRoutes } from './features/drives/drives.routes.ts'
import { createDriveService } from './features/drives/drives.service.ts'
import { memberRoutes } from './features/drives/members.routes.ts'
import { createMemberService } from './features/drives/members.service.ts'
import { duplicateRoutes } from './features/duplicates/duplicates.routes.ts'
import { createDuplicateService } from './features/duplicates/duplicates.service.ts'
import { createFolderOperationService } from './features/folders/folder-operations.service.ts'
import { folderTidying, folderWorking } from './features/folders/folders.jobs.ts'
import { folderOperationRoutes, folderRoutes } from './features/folders/folders.routes.ts'
import { createFolderService } from './features/folders/folders.service.ts'
import { createFaces } from './features/faces/faces.ts'
import { faceRoutes } from './features/faces/faces.routes.ts'
import { individualRoutes } from './features/faces/individuals/individuals.routes.ts'
import { createIngestService } from './features/ingest/ingest.service.ts'
import { createLinkObjectService } from './features/ingest/link-object.service.ts'
import { ingestRoutes } from './features/ingest/ingest.routes.ts'
import { inspection } from './features/ingest/inspect.ts'
import { orderInspection, orderRendering, orderWhatIsLeft } from './features/ingest/order-again.ts'
import { createRegisterService } from './features/ingest/register.service.ts'
import { rendering } from './features/ingest/rendering/render.ts'
import { createReopenFailed } from './features/ingest/reopen-failed.ts'
import { linkRoutes } from './features/links/links.routes.ts'
import { createLinkService } from './features/links/links.service.ts'
import { createLinkSigner } from './features/links/links.signer.ts'
import { renditionRoutes } from './features/renditions/renditions.routes.ts'
import { createRenditionService } from './features/renditions/renditions.service.ts'
import { trashPurge } from './features/trash/trash.jobs.ts'
import { thumbnailRoutes } from './features/thumbnails/thumbnails.routes.ts'
import { createThumbnailService } from './features/thumbnails/thumbnails.service.ts'
import { trashRoutes } from './features/trash/trash.routes.ts'
import { createTrashService } from './features/trash/trash.service.ts'
import { usageFold } from './features/usage/usage.jobs.ts'
import type { LeaseTimes } from './features/uploads/upload-lease.ts'
import { unfinishedUploadRoutes } from './features/uploads/unfinished-uploads.routes.ts'
import { createUnfinishedUploadService } from './features/uploads/unfinished-uploads.service.ts'
import { createUploads } from './features/uploads/uploads.ts'
import { uploadRoutes } from './features/uploads/uploads.routes.ts'
import { usageRoutes } from './features/usage/usage.routes.ts'
import { createUsageService } from './features/usage/usage.service.ts'
import { createJobFolders } from './jobs/job-folder.ts'
import { createCursors } from './model/cursor.ts'
import { objectSweep } from './objects/objects.jobs.ts'
import type { Clock } from './ports/clock.ts'
import type { FaceFinder } from './ports/face-finder.ts'
import type { ImageEngine } from './ports/image-engine.ts'
import type { LinkSigner } from './ports/link-signer.ts'
import type { MediaEngine } from './ports/media-engine.ts'
import type { ObjectStorage } from './ports/object-storage.ts'
import { repositories } from './repositories.ts'

export interface Parts {
  readonly db: Executor
  readonly clock: Clock
  readonly media: MediaEngine
  readonly images: ImageEngine
  /** A disk store signs its links with ours. */
  readonly storage: (links: LinkSigner) => ObjectStorage
  readonly secrets: readonly string[]
  readonly tokens: TokenSettings | null
  readonly publicUrl: string
  readonly tempDir: string
  readonly uploadMaxBytes: number
  /** Other than the usual, for tests. */
  readonly uploadTimes?: LeaseTimes | undefined
  readonly attachmentMaxBytes: number
  /** Null: nobody looks for faces. */
  readonly faceFinder: FaceFinder | null
  /** By cosine: what is nearer than this is one person's face. */
  readonly faceMatchSimilarity: number
  /** For how long the guard remembers a caller and a role. */
  readonly accessCacheMs: number
}

/** What everything stands on: the store, the links, who may do what. */
function foundation({ db, clock, secrets, publicUrl, tokens, accessCacheMs, tempDir, storage: openStorage }: Parts) {
  const linkKey = createSigner(secrets, 'links')
  const links = createLinkSigner({ signer: linkKey, clock, publicUrl })
  const access = createAccessRepository(db)
  return {
    store: createStore(db, repositories),
    storage: openStorage(links),
    clock,
    links,
    linkKey,
    cursors: createCursors(createSigner(secrets, 'cursors')),
    authenticate: createAuthenticate({ access, clock, tokens, cacheMs: accessCacheMs }),
    decide: createDecide(access, accessCacheMs),
    attachmentTokens: createAttachmentTokens({ keys: keysFor(secrets, 'attachments'), clock }),
    folders: createJobFolders(tempDir),
  }
}
type Foundation = ReturnType<typeof foundation>

/** One for each feature. What one needs of another is handed to it here as a function. */
function services(parts: Parts, { store, storage, clock, links, linkKey, cursors, decide, attachmentTokens: tokens, folders }: Foundation) {
  const { images } = parts
  const inFolder = folders.use
  const assets = createAssetService({ store, links, cursors })
  const ingest = createIngestService({ store, storage, clock })
  const { place } = ingest
  const faces = createFaces({ store, storage, images, links, cursors, clock, finder: parts.faceFinder, leastSimilarity: parts.faceMatchSimilarity, inFolder })
  const resumeJobs: typeof orderWhatIsLeft = async (tx, target) => {
    await orderWhatIsLeft(tx, target)
    await faces.resume(tx, target)
  }
  return {
    activity: createActivityService({ store, cursors }),
    apiKeys: createApiKeyService({ store, decide, cursors, clock }),
    assetJobs: createAssetJobService({ store }),
    assets,
    attachments: createAttachmentService({ store, storage, tokens, clock, mostBytes: parts.attachmentMaxBytes }),
    downloads: createDownloadService({ store, storage, links, clock }),
    drives: createDriveService({ store, cursors, clock }),
    duplicates: createDuplicateService({ store, links, cursors }),
    faces,
    folderOperations: createFolderOperationService({ store, clock }),
    folders: createFolderService({ store, cursors, clock }),
    ingest,
    jobRetries: createJobRetryService({ store, orders: { inspect: orderInspection, render: orderRendering, ...faces.orders }, clock }),
    linkObject: createLinkObjectService({ store, storage, clock, place }),
    links: createLinkService({ signer: linkKey, clock, storage }),
    members: createMemberService({ store, cursors, clock }),
    moves: createMoveService({ store, links, clock }),
    registering: createRegisterService({ store, storage, links, clock, place }),
    renditions: createRenditionService({ store, storage, links, clock }),
    reopenFailed: createReopenFailed({ store }),
    thumbnails: createThumbnailService({ store, storage, tokens, images, links, clock, inFolder }),
    trash: createTrashService({ store, resumeJobs, links, cursors, clock }),
    unfinishedUploads: createUnfinishedUploadService({ store, cursors, clock }),
    uploads: createUploads({ store, storage, clock, place, maxBytes: parts.uploadMaxBytes, times: parts.uploadTimes }),
    usage: createUsageService({ store, clock }),
    users: createUserService({ store, cursors, clock }),
  }
}
type Services = ReturnType<typeof services>

const routesOf = (all: Services, { publicUrl }: Parts) => [
  ...assetRoutes(all.assets),
  ...moveRoutes(all.moves),
  ...downloadRoutes(all.downloads),
  ...renditionRoutes(all.renditions),
  ...thumbnailRoutes(all.thumbnails),
  ...faceRoutes(all.faces.service, all.faces.mark),
  ...individualRoutes(all.faces.individuals),
  ...attachmentRoutes(all.attachments),
  ...duplicateRoutes(all.duplicates),
  ...assetJobRoutes(all.assetJobs, all.jobRetries),
  ...folderRoutes(all.folders),
  ...folderOperationRoutes(all.folderOperations),
  ...trashRoutes(all.trash),
  ...activityRoutes(all.activity),
  ...driveRoutes(all.drives),
  ...memberRoutes(all.members),
  ...usageRoutes(all.usage),
  ...meRoutes(all.users),
  ...myApiKeyRoutes(all.apiKeys),
  ...userRoutes(all.users),
  ...userApiKeyRoutes(all.apiKeys),
  ...linkRoutes(all.links),
  ...unfinishedUploadRoutes(all.unfinishedUploads),
  ...uploadRoutes(all.uploads.service, publicUrl),
  ...ingestRoutes(all.registering),
]

function handlersOf({ media, images }: Parts, { store, storage, clock, folders }: Foundation, { faces, uploads }: Services) {
  const working = { store, storage, media, images, clock, folders, afterPreviews: faces.afterPreviews }
  return [
    inspection(working),
    rendering(working),
    faces.handler,
    objectSweep({ store, storage, clock }),
    drivePurge({ store, storage, endUploads: uploads.removeAll }),
    ...uploads.handlers,
    folderWorking({ store, clock }),
    folderTidying({ store, clock }),
    trashPurge({ store, storage, clock, faces: faces.ofPurged }),
    usageFold({ store, clock }),
  ]
}

/** The composition root: everything that is chosen or connected is connected here. */
export function compose(parts: Parts) {
  const base = foundation(parts)
  const all = services(parts, base)
  const { store, storage, authenticate, decide, folders } = base
  return { store, storage, media: parts.media, services: all, routes: routesOf(all, parts), handlers: handlersOf(parts, base, all), authenticate, decide, folders }
}

export type Composed = ReturnType<typeof compose>

/** The same without anything behind it, for who only reads the routes: whatever is asked of the parts fails. */
export function unconnectedParts(): Composed {
  const nothing = <T extends object>(): T => new Proxy({} as T, { get: () => () => Promise.reject(new Error('Nothing is connected here')) }) // never called: only routes are read
  return compose({
    db: unconnected(),
    clock: { now: () => new Date() },
    media: nothing(),
    images: nothing(),
    storage: () => nothing(),
    secrets: ['no secret, since nothing is signed here'],
    tokens: null,
    publicUrl: '',
    tempDir: '',
    uploadMaxBytes: 0,
    attachmentMaxBytes: 0,
    faceFinder: null,
    faceMatchSimilarity: 1,
    accessCacheMs: 0,
  })
}
