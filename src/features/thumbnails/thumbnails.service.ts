import type { AssetScope } from '../../access/scope.ts'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import type { Asset } from '../../assets/asset.schemas.ts'
import type { AssetLockRepository } from '../../assets/asset-lock.repository.ts'
import type { AssetRepository } from '../../assets/assets.repository.ts'
import { presentAsset } from '../../assets/present-asset.ts'
import type { Attachment, AttachmentTokens } from '../../attachments/attachment-token.ts'
import type { AttachmentRepository } from '../../attachments/attachments.repository.ts'
import { uploadedAttachment, usedAlready } from '../../attachments/uploaded-attachment.ts'
import type { Store } from '../../db/store.ts'
import { AppError, conflict, invalid, notFound } from '../../errors.ts'
import { keepFiles } from '../../objects/keep-files.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ImageEngine } from '../../ports/image-engine.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import { MediaError, type RenderedImage } from '../../ports/media-engine.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { discard, drawn } from './draw-thumbnail.ts'
import type { ThumbnailRepository } from './thumbnails.repository.ts'

export type ThumbnailService = ReturnType<typeof createThumbnailService>

interface Repositories {
  readonly thumbnails: ThumbnailRepository
  readonly attachments: AttachmentRepository
  readonly assetLock: AssetLockRepository
  readonly assets: AssetRepository
  readonly objects: ObjectRepository
  readonly activity: ActivityRepository
}
interface Needs {
  readonly store: Store<Repositories>
  readonly storage: ObjectStorage
  readonly tokens: AttachmentTokens
  readonly images: ImageEngine
  readonly links: LinkSigner
  readonly clock: Clock
  /** A folder that goes with the work. */
  readonly inFolder: <T>(work: (folder: string) => Promise<T>) => Promise<T>
}

const mostBytes = 50 * 1024 ** 2
const loc = ['body', 'attachment_token'] as const

export function createThumbnailService({ store, storage, tokens, images, links, clock, inFolder }: Needs) {
  /** Nothing of what is no picture stays. */
  async function refused(attachment: Attachment, error: unknown): Promise<never> {
    if (!(error instanceof MediaError)) throw error
    if (await store.attachments.consume(attachment.driveId, attachment.id)) await discard(storage, attachment)
    throw invalid({ loc, msg: error.message, type: 'format' })
  }

  async function presented({ assets }: Repositories, scope: AssetScope<'edit'>): Promise<Asset> {
    const row = await assets.find(scope)
    if (!row) throw notFound('Asset')
    return presentAsset(row, links)
  }

  async function keep(scope: AssetScope<'edit'>, attachment: Attachment, { picture, signal }: { readonly picture: RenderedImage; readonly signal: AbortSignal }): Promise<Asset> {
    const { driveId, assetId, caller } = scope
    const [id, objectId, at] = [store.objects.newId(), store.objects.newId(), clock.now()]
    const object = { id: objectId, kind: 'thumbnail', key: objectKeys.rendition(driveId, assetId, { kind: 'thumbnail', id }), contentType: 'image/jpeg' } as const
    return keepFiles({ store, storage }, { driveId, files: [{ file: picture.path, object }], at, signal }, (sizes) =>
      store.transaction(async (tx) => {
        if (!(await tx.assetLock.take(scope))) throw notFound('Asset')
        if (!(await tx.attachments.consume(driveId, attachment.id))) throw usedAlready()
        if (!(await tx.objects.store(driveId, sizes))) throw conflict('The thumbnail took longer than a day')
        await tx.objects.unreference(driveId, await tx.thumbnails.remove(scope))
        await tx.thumbnails.insert(scope, { id, objectId, width: picture.width, height: picture.height, at })
        await tx.thumbnails.touch(scope, at)
        await tx.activity.add({ driveId, caller, action: 'asset.thumbnail_set', assetId, after: { name: attachment.name, width: picture.width, height: picture.height }, at })
        return presented(tx, scope)
      }),
    )
  }

  return {
    /** The picture behind the token, drawn anew by us, stands for the asset from then on. */
    async set(scope: AssetScope<'edit'>, token: string | undefined, signal: AbortSignal): Promise<Asset> {
      await presented(store, scope) // before anything is read: an asset that is not there has no thumbnail
      if (token === undefined) throw invalid({ loc, msg: 'is required', type: 'missing' })
      const attachment = await uploadedAttachment({ store, storage, tokens }, scope, { token, loc })
      if (!attachment.mimeType.startsWith('image/')) throw invalid({ loc, msg: `A thumbnail is an image; this attachment is ${attachment.mimeType}`, type: 'attachment_token' })
      if (attachment.size > mostBytes) throw new AppError('too_large', `A thumbnail may have ${mostBytes} bytes`)
      const asset = await inFolder(async (folder) => {
        const picture = await drawn({ storage, images }, attachment, { folder, signal }).catch((error: unknown) => refused(attachment, error))
        return keep(scope, attachment, { picture, signal })
      })
      await discard(storage, attachment)
      return asset
    },

    /** Back to what was made of the source; where nothing was chosen, nothing changes. */
    reset: (scope: AssetScope<'edit'>): Promise<Asset> =>
      store.transaction(async (tx) => {
        if (!(await tx.assetLock.take(scope))) throw notFound('Asset')
        const { driveId, assetId, caller } = scope
        const removed = await tx.thumbnails.remove(scope)
        if (removed.length > 0) {
          const at = clock.now()
          await tx.objects.unreference(driveId, removed)
          await tx.thumbnails.touch(scope, at)
          await tx.activity.add({ driveId, caller, action: 'asset.thumbnail_reset', assetId, at })
        }
        return presented(tx, scope)
      }),
  }
}
