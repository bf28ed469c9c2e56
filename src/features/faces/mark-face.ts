import { join } from 'node:path'
import { actorOf, type AssetScope } from '../../access/scope.ts'
import type { Store } from '../../db/store.ts'
import { conflict, notFound } from '../../errors.ts'
import { keepFiles, type StoredSize } from '../../objects/keep-files.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ImageEngine } from '../../ports/image-engine.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { inPicture } from './face-box.ts'
import { cutOut, fetchPicture } from './face-pictures.ts'
import { type FaceSpot, spotOf } from './face-spot.ts'
import type { Face, FaceDraft } from './faces.schemas.ts'
import type { FaceWritingRepositories } from './faces.service.ts'
import { presentFace } from './present-face.ts'
import { individualMeant } from './individuals/whose-face.ts'

export type MarkFace = ReturnType<typeof createMarkFace>

interface Needs {
  readonly store: Store<FaceWritingRepositories>
  readonly storage: ObjectStorage
  readonly images: ImageEngine
  readonly links: LinkSigner
  readonly clock: Clock
  /** A folder that goes with the work. */
  readonly inFolder: <T>(work: (folder: string) => Promise<T>) => Promise<T>
}
interface Placed {
  readonly id: string
  readonly spot: FaceSpot
  readonly sizes: readonly StoredSize[]
}

/** A face that somebody marks, with its picture where a preview shows it. */
export function createMarkFace({ store, storage, images, links, clock, inFolder }: Needs) {
  const keep = (scope: AssetScope<'edit'>, draft: FaceDraft, { id, spot: { frame, timestampSeconds }, sizes }: Placed): Promise<Face> =>
    store.transaction(async (tx) => {
      await tx.individuals.lock(scope)
      if (!(await tx.assetLock.take(scope))) throw notFound('Asset')
      const { driveId, assetId, caller } = scope
      const at = clock.now()
      const individualId = (await individualMeant(tx, scope, { ...draft, newId: tx.objects.newId(), at })) ?? null
      if (!(await tx.objects.store(driveId, sizes))) throw conflict('The picture took longer than a day')
      const box = inPicture(draft.bounding_box)
      const made = { confidence: null, source: 'manual', isAssignedByHand: true, embedding: null, createdBy: actorOf(caller), at } as const
      await tx.faces.insert(scope, [{ ...made, id, individualId, frame, timestampSeconds, box, objectId: sizes[0]?.id ?? null }])
      await tx.activity.add({ driveId, caller, action: 'face.added', assetId, after: { id, individual_id: individualId }, at })
      const row = await tx.faceViews.shown(scope, id)
      if (!row) throw notFound('Face')
      return presentFace(row, links)
    })

  return async (scope: AssetScope<'edit'>, draft: FaceDraft, signal: AbortSignal): Promise<Face> => {
    const { driveId, assetId } = scope
    const asset = await store.faceViews.asset(scope)
    if (!asset) throw notFound('Asset')
    const spot = spotOf(asset, await store.faceViews.previews(scope), draft)
    const { picture } = spot
    const [id, objectId] = [store.objects.newId(), store.objects.newId()]
    if (!picture) return keep(scope, draft, { id, spot, sizes: [] })
    return inFolder(async (folder) => {
      const { path } = await fetchPicture(storage, { key: picture.key, folder, name: 'preview.jpg', signal })
      const file = await cutOut(images, path, { box: draft.bounding_box, target: join(folder, 'face.jpg'), signal })
      const object = { id: objectId, kind: 'face', key: objectKeys.face(driveId, assetId, id), contentType: 'image/jpeg' } as const
      return keepFiles({ store, storage }, { driveId, files: file === null ? [] : [{ file, object }], at: clock.now(), signal }, (sizes) => keep(scope, draft, { id, spot, sizes }))
    })
  }
}
