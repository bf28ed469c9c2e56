import { v5 as uuidv5 } from 'uuid'
import type { Asset } from '../../assets/asset.schemas.ts'
import type { AssetRepository } from '../../assets/assets.repository.ts'
import { presentAsset } from '../../assets/present-asset.ts'
import type { DriveScope } from '../../access/scope.ts'
import { AppError, invalid, notFound, pathTaken } from '../../errors.ts'
import { type AssetPath, parseAssetPath } from '../../model/asset-path.ts'
import { contentTypeOf } from '../../model/content-type.ts'
import type { OnTaken } from '../../model/on-taken.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import type { IngestService } from './ingest.service.ts'

export type RegisterService = ReturnType<typeof createRegisterService>

interface Needs {
  readonly store: { readonly assets: AssetRepository; readonly objects: ObjectRepository }
  readonly storage: ObjectStorage
  readonly links: LinkSigner
  readonly clock: Clock
  readonly place: IngestService['place']
}

interface Order {
  readonly path: string
  readonly objectKey: string
  readonly onConflict: OnTaken
}

/** Of the keys below `incoming/`: the row of such an object has the same id whoever writes it, so that one object becomes one asset. */
const namespace = '6f0a4b8e-5a52-4d6e-9c0f-2f7d9a0e3b11'

/** Objects that others put into the bucket become assets where they lie. */
export function createRegisterService({ store, storage, links, clock, place }: Needs) {
  async function sizeOf(driveId: string, key: string): Promise<number> {
    const prefix = objectKeys.incoming(driveId)
    const fault = (msg: string) => invalid({ loc: ['body', 'object_key'], msg, type: 'format' })
    if (!key.startsWith(prefix) || key === prefix) throw fault(`must lie under ${prefix}`)
    const head = await storage.head(key).catch((error: unknown) => Promise.reject(isMalformed(error) ? fault('is no key that an object can have') : error))
    if (!head) throw fault('There is no such object')
    return head.size
  }

  return {
    async register(scope: DriveScope<'edit'>, { path: text, objectKey: key, onConflict }: Order): Promise<Asset> {
      const { driveId } = scope
      const path: AssetPath = parseAssetPath(text, driveId, ['body', 'path'])
      const size = await sizeOf(driveId, key)
      const contentType = contentTypeOf(path.name)
      const object = { id: uuidv5(key, namespace), kind: 'source', key, contentType } as const
      const sent = { assetId: store.objects.newId(), objectId: object.id, takeOver: object, contentType, contentHash: null, size, modified: null, at: clock.now() }
      const placed = await place(scope, sent, { path, onConflict })
      if (placed.state === 'taken') throw pathTaken(placed.id)
      const row = await store.assets.findOn(scope, placed.id) // somebody may have moved it by now
      if (!row) throw notFound('Asset')
      return presentAsset(row, links)
    },
  }
}

const isMalformed = (error: unknown) => error instanceof AppError && error.code === 'malformed'
