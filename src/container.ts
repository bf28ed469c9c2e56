import { createAccessRepository } from './access/access.repository.ts'
import { createAuthenticate, type TokenSettings } from './access/authenticate.ts'
import { createDecide } from './access/decide.ts'
import { createSigner } from './access/secrets.ts'
import { createActivityRepository } from './activity/activity.repository.ts'
import { type Executor, unconnected } from './db/client.ts'
import { createStore } from './db/store.ts'
import { createApiKeyRepository } from './features/accounts/api-keys.repository.ts'
import { myApiKeyRoutes, userApiKeyRoutes } from './features/accounts/api-keys.routes.ts'
import { createApiKeyService } from './features/accounts/api-keys.service.ts'
import { createOfficeRepository } from './features/accounts/offices.repository.ts'
import { createUserRepository } from './features/accounts/users.repository.ts'
import { meRoutes, userRoutes } from './features/accounts/users.routes.ts'
import { createUserService } from './features/accounts/users.service.ts'
import { assetJobRoutes } from './features/asset-jobs/asset-jobs.routes.ts'
import { createAssetJobService } from './features/asset-jobs/asset-jobs.service.ts'
import { createAssetRepository } from './features/assets/assets.repository.ts'
import { assetRoutes } from './features/assets/assets.routes.ts'
import { createAssetService } from './features/assets/assets.service.ts'
import { createDownloadRepository } from './features/downloads/downloads.repository.ts'
import { downloadRoutes } from './features/downloads/downloads.routes.ts'
import { createDownloadService } from './features/downloads/downloads.service.ts'
import { drivePurge } from './features/drives/drives.jobs.ts'
import { createDriveRepository } from './features/drives/drives.repository.ts'
import { driveRoutes } from './features/drives/drives.routes.ts'
import { createDriveService } from './features/drives/drives.service.ts'
import { createMemberRepository } from './features/drives/members.repository.ts'
import { memberRoutes } from './features/drives/members.routes.ts'
import { createMemberService } from './features/drives/members.service.ts'
import { createIngestRepository } from './features/ingest/ingest.repository.ts'
import { createIngestService } from './features/ingest/ingest.service.ts'
import { inspection } from './features/ingest/inspect.ts'
import { createJobFolders } from './features/ingest/job-folder.ts'
import { rendering } from './features/ingest/render.ts'
import { createRenditionRepository } from './features/ingest/renditions.repository.ts'
import { createRetryService } from './features/ingest/retry.service.ts'
import { createSourceRepository } from './features/ingest/sources.repository.ts'
import { linkRoutes } from './features/links/links.routes.ts'
import { createLinkService } from './features/links/links.service.ts'
import { createLinkSigner } from './features/links/links.signer.ts'
import { createAssetJobOverviewRepository } from './jobs/asset-jobs-overview.repository.ts'
import { createAssetJobRepository } from './jobs/asset-jobs.repository.ts'
import { createJobRepository } from './jobs/jobs.repository.ts'
import { createCursors } from './model/cursor.ts'
import { objectSweep } from './objects/objects.jobs.ts'
import { createObjectRepository } from './objects/objects.repository.ts'
import type { Clock } from './ports/clock.ts'
import type { ImageEngine } from './ports/image-engine.ts'
import type { LinkSigner } from './ports/link-signer.ts'
import type { MediaEngine } from './ports/media-engine.ts'
import type { ObjectStorage } from './ports/object-storage.ts'

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
  /** For how long the guard remembers a caller and a role. */
  readonly accessCacheMs: number
}

const repositories = (db: Executor) => ({
  activity: createActivityRepository(db),
  apiKeys: createApiKeyRepository(db),
  assetJobs: createAssetJobRepository(db),
  assetJobsOverview: createAssetJobOverviewRepository(db),
  assets: createAssetRepository(db),
  downloads: createDownloadRepository(db),
  drives: createDriveRepository(db),
  ingest: createIngestRepository(db),
  jobs: createJobRepository(db),
  members: createMemberRepository(db),
  objects: createObjectRepository(db),
  offices: createOfficeRepository(db),
  renditions: createRenditionRepository(db),
  sources: createSourceRepository(db),
  users: createUserRepository(db),
})

/** The composition root: everything that is chosen or connected is connected here. */
export function compose(parts: Parts) {
  const { clock, media, images, tempDir } = parts
  const store = createStore(parts.db, repositories)
  const linkKey = createSigner(parts.secrets, 'links')
  const links = createLinkSigner({ signer: linkKey, clock, publicUrl: parts.publicUrl })
  const storage = parts.storage(links)
  const cursors = createCursors(createSigner(parts.secrets, 'cursors'))
  const access = createAccessRepository(parts.db)
  const authenticate = createAuthenticate({ access, clock, tokens: parts.tokens, cacheMs: parts.accessCacheMs })
  const decide = createDecide(access, parts.accessCacheMs)
  const folders = createJobFolders(tempDir)

  const services = {
    apiKeys: createApiKeyService({ store, decide, cursors, clock }),
    assetJobs: createAssetJobService({ store }),
    assets: createAssetService({ store, links }),
    downloads: createDownloadService({ store, storage, links, clock }),
    drives: createDriveService({ store, cursors, clock }),
    members: createMemberService({ store, cursors, clock }),
    users: createUserService({ store, cursors, clock }),
    ingest: createIngestService({ store, storage, clock }),
    retry: createRetryService({ store }),
    links: createLinkService({ signer: linkKey, clock, storage }),
  }
  const routes = [
    ...assetRoutes(services.assets),
    ...downloadRoutes(services.downloads),
    ...assetJobRoutes(services.assetJobs),
    ...driveRoutes(services.drives),
    ...memberRoutes(services.members),
    ...meRoutes(services.users),
    ...myApiKeyRoutes(services.apiKeys),
    ...userRoutes(services.users),
    ...userApiKeyRoutes(services.apiKeys),
    ...linkRoutes(services.links),
  ]
  const handlers = [
    inspection({ store, storage, media, images, clock, folders }),
    rendering({ store, storage, media, images, clock, folders }),
    objectSweep({ store, storage, clock }),
    drivePurge({ store, storage }),
  ]
  return { store, storage, media, services, routes, handlers, authenticate, decide, folders }
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
    accessCacheMs: 0,
  })
}
