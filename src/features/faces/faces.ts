import type { Store } from '../../db/store.ts'
import type { AssetJobOverviewRepository } from '../../jobs/asset-jobs-overview.repository.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import type { Cursors } from '../../model/cursor.ts'
import type { FaceFinder } from '../../ports/face-finder.ts'
import type { ImageEngine } from '../../ports/image-engine.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { FaceViewRepository } from './face-views.repository.ts'
import { faceJob, orderFaces, orderFacesAnew, orderFacesLeft, type Target } from './faces.jobs.ts'
import { createFaceService } from './faces.service.ts'
import { faceFinding } from './find-faces.ts'
import { forgetFaces, lockFaces } from './individuals/forget-faces.ts'
import { createIndividualService } from './individuals/individuals.service.ts'
import type { KeepingNeeds, KeepingRepositories } from './keep-found-faces.ts'
import { createMarkFace } from './mark-face.ts'
import type { PeopleRepositories } from './individuals/merge-individuals.ts'

interface Needs extends Omit<KeepingNeeds, 'store'> {
  readonly store: Store<KeepingRepositories & PeopleRepositories & { readonly faceViews: FaceViewRepository }>
  readonly images: ImageEngine
  readonly links: LinkSigner
  readonly cursors: Cursors
  /** Null: nobody looks for faces. */
  readonly finder: FaceFinder | null
  readonly inFolder: <T>(work: (folder: string) => Promise<T>) => Promise<T>
}

/** The feature's parts, and what others of it are to be told where there is a finder. */
export function createFaces(needs: Needs) {
  return {
    service: createFaceService(needs),
    mark: createMarkFace(needs),
    individuals: createIndividualService(needs),
    handler: faceFinding(needs),
    afterPreviews: needs.finder && { job: faceJob, order: orderFacesAnew },
    /** For a retry by hand. */
    orders: needs.finder ? { findFaces: orderFaces } : {},
    /** For an asset that comes back from the trash. */
    async resume(tx: { readonly jobs: JobRepository; readonly assetJobsOverview: AssetJobOverviewRepository }, target: Target) {
      if (needs.finder) await orderFacesLeft(tx, target)
    },
    /** For an asset that leaves the trash for good. */
    ofPurged: { lock: lockFaces, forget: forgetFaces },
  }
}
