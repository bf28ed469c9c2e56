import type { AssetScope } from '../../access/scope.ts'
import type { AssetLockRepository } from '../../assets/asset-lock.repository.ts'
import type { Store } from '../../db/store.ts'
import { notFound } from '../../errors.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { FaceViewRepository } from './face-views.repository.ts'
import type { FaceRepository, KnownFace } from './faces.repository.ts'
import type { Face, FaceChange } from './faces.schemas.ts'
import { presentFace } from './present-face.ts'
import { followFace, individualMeant, type WhoseRepositories } from './individuals/whose-face.ts'

export type FaceService = ReturnType<typeof createFaceService>

/** What a face that somebody writes rests on. */
export interface FaceWritingRepositories extends WhoseRepositories {
  readonly assetLock: AssetLockRepository
  readonly faces: FaceRepository
  readonly faceViews: FaceViewRepository
  readonly objects: ObjectRepository
}
interface Needs {
  readonly store: Store<FaceWritingRepositories>
  readonly links: LinkSigner
  readonly clock: Clock
}

export function createFaceService({ store, links, clock }: Needs) {
  /** Under the locks of the drive's people and of the asset, in this order. */
  const writing = <T>(scope: AssetScope<'edit'>, id: string, work: (tx: FaceWritingRepositories, face: KnownFace, at: Date) => Promise<T>): Promise<T> =>
    store.transaction(async (tx) => {
      await tx.individuals.lock(scope)
      if (!(await tx.assetLock.take(scope))) throw notFound('Asset')
      const face = await tx.faces.find(scope, id)
      if (!face) throw notFound('Face')
      return work(tx, face, clock.now())
    })

  async function presented({ faceViews }: FaceWritingRepositories, scope: AssetScope<'edit'>, id: string): Promise<Face> {
    const row = await faceViews.shown(scope, id)
    if (!row) throw notFound('Face')
    return presentFace(row, links)
  }

  return {
    async list(scope: AssetScope<'read'>): Promise<Face[]> {
      const rows = await store.faceViews.list(scope)
      if (!rows) throw notFound('Asset')
      return rows.map((row) => presentFace(row, links))
    },

    /** It is somebody else's face, or nobody's; where nothing is said it stays whose it was. */
    assign: (scope: AssetScope<'edit'>, faceId: string, change: FaceChange): Promise<Face> =>
      writing(scope, faceId, async (tx, { id, embedding, individualId: from }, at) => {
        const to = await individualMeant(tx, scope, { ...change, newId: tx.objects.newId(), at })
        if (to === undefined) return presented(tx, scope, id)
        await tx.faces.assign(scope, id, to)
        await followFace(tx, scope, { embedding, from, to, at })
        const { driveId, assetId, caller } = scope
        await tx.activity.add({ driveId, caller, action: 'face.updated', assetId, before: { id, individual_id: from }, after: { id, individual_id: to }, at })
        return presented(tx, scope, id)
      }),

    remove: (scope: AssetScope<'edit'>, faceId: string): Promise<true> =>
      writing(scope, faceId, async (tx, { id, embedding, individualId: from, objectId }, at) => {
        await tx.faces.delete(scope, id)
        await followFace(tx, scope, { embedding, from, to: null, at })
        const { driveId, assetId, caller } = scope
        if (objectId !== null) await tx.objects.unreference(driveId, [objectId])
        await tx.activity.add({ driveId, caller, action: 'face.removed', assetId, before: { id, individual_id: from }, at })
        return true as const
      }),
  }
}
