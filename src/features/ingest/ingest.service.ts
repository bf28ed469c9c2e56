import mime from 'mime-types'
import type { DriveScope } from '../../access/scope.ts'
import { type AssetPath, fullPath, numberedName, versionedName } from '../../model/asset-path.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { knownFile } from './known-file.ts'
import { type FileFacts, factsOf } from './local-file.ts'
import { placeAsset, type PlacingStore } from './place-asset.ts'
import { sendSource } from './send-source.ts'

export type IngestService = ReturnType<typeof createIngestService>
export type OnConflict = 'version' | 'rename' | 'skip'

interface Needs {
  readonly store: PlacingStore
  readonly storage: ObjectStorage
  readonly clock: Clock
}

export interface FileOrder {
  /** On this machine. */
  readonly file: string
  readonly path: AssetPath
  readonly onConflict: OnConflict
  readonly signal: AbortSignal
  readonly onProgress?: (bytes: number, total: number) => void
}

export interface IngestedFile {
  readonly state: 'uploaded' | 'skipped'
  readonly assetId: string | null
  readonly path: string
}

/** Films of one's own become assets: a file once, whole, with the jobs that look at it. */
export function createIngestService({ store, storage, clock }: Needs) {
  /** Sends the file, then makes it an asset; nothing of it stays where its path is taken. */
  async function upload(scope: DriveScope<'edit'>, order: FileOrder, facts: FileFacts): Promise<IngestedFile | undefined> {
    const { driveId } = scope
    const [assetId, objectId, at] = [store.objects.newId(), store.objects.newId(), clock.now()]
    const key = objectKeys.source(driveId, assetId)
    const contentType = mime.lookup(order.path.name) || 'application/octet-stream'
    await store.objects.reserve(driveId, [{ id: objectId, kind: 'source', key, contentType }], at)
    const contentHash = await sendSource(storage, { ...order, facts }, { key, contentType })

    const sent = { assetId, objectId, contentType, contentHash, facts, at }
    const path = await placeAsset(store, scope, { sent, directory: order.path.directory, names: namesFor(order) })
    if (path) return { state: 'uploaded', assetId, path: fullPath(driveId, path) }
    await storage.delete([key])
    await store.objects.forget(driveId, objectId)
    return undefined
  }

  return {
    /** Skips what is there already; a path that is taken by something else is solved as the order says. */
    async file(scope: DriveScope<'edit'>, order: FileOrder): Promise<IngestedFile> {
      const facts = await factsOf(order.file)
      const { same, versions } = await knownFile(store.ingest, scope, { ...order, facts })
      const skipped = (assetId: string | null, name: string): IngestedFile => ({ state: 'skipped', assetId, path: fullPath(scope.driveId, { ...order.path, name }) })
      if (same) return skipped(same.id, same.name)
      const taken = versions.find((each) => each.name === order.path.name)
      if (taken && order.onConflict === 'skip') return skipped(taken.id, taken.name)
      const uploaded = await upload(scope, order, facts)
      return uploaded ?? skipped(taken?.id ?? null, order.path.name)
    },
  }
}

/** The names to try, in order: the file's own, then what the order says where that is taken. */
function* namesFor({ path: { name }, onConflict }: FileOrder): Generator<string> {
  yield name
  if (onConflict === 'skip') return
  for (let number = 2; number < 10_000; number += 1) yield onConflict === 'version' ? versionedName(name, number) : numberedName(name, number)
}
