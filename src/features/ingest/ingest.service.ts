import type { DriveScope } from '../../access/scope.ts'
import { AppError } from '../../errors.ts'
import { type AssetPath, fullPath, numberedName, versionedName } from '../../model/asset-path.ts'
import { contentTypeOf } from '../../model/content-type.ts'
import type { OnTaken } from '../../model/on-taken.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { knownFile } from './known-file.ts'
import { type FileFacts, factsOf } from './local-file.ts'
import { placeAsset, type Placement, type PlacingStore, type SentFile } from './place-asset.ts'
import { sendSource } from './send-source.ts'

export type IngestService = ReturnType<typeof createIngestService>
/** What whoever brings files of this machine says where a path is taken. */
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

export type IngestedFile =
  | { readonly state: 'uploaded'; readonly assetId: string; readonly path: string }
  /** `conflict`: another file has the path, and keeps it. */
  | { readonly state: 'skipped'; readonly reason: 'unchanged' | 'conflict'; readonly assetId: string | null; readonly path: string }

/** Films of one's own become assets: a file once, whole, with the jobs that look at it. */
export function createIngestService({ store, storage, clock }: Needs) {
  /** Sends the file, then makes it an asset; nothing of it stays where its path is taken, or an upload at the same time brought it already. */
  async function upload(scope: DriveScope<'edit'>, order: FileOrder, facts: FileFacts): Promise<IngestedFile> {
    const { driveId } = scope
    const [assetId, objectId, at] = [store.objects.newId(), store.objects.newId(), clock.now()]
    const key = objectKeys.source(driveId, assetId)
    const contentType = contentTypeOf(order.path.name)
    await store.objects.reserve(driveId, [{ id: objectId, kind: 'source', key, contentType }], at)
    const contentHash = await sendSource(storage, { ...order, facts }, { key, contentType })

    const sent = { assetId, objectId, contentType, contentHash, ...facts, at }
    const placed = await placeAsset(store, scope, { sent, directory: order.path.directory, names: namesFor(order) }).catch(async (error: unknown) => {
      // Its reservation is gone, and nobody else knows of these bytes. After any other failure they may be an asset's by now: the sweep will tell.
      if (error instanceof AppError && error.code === 'conflict') await storage.delete([key])
      throw error
    })
    if (placed.state === 'placed') return { state: 'uploaded', assetId, path: fullPath(driveId, placed.path) }
    await storage.delete([key])
    await store.objects.forget(driveId, objectId)
    if (placed.state === 'same') return { state: 'skipped', reason: 'unchanged', assetId: placed.id, path: fullPath(driveId, placed.path) }
    return { state: 'skipped', reason: 'conflict', assetId: placed.id, path: fullPath(driveId, order.path) }
  }

  return {
    /** Makes an asset of what lies in the store, reserved, with the job that looks at it; `taken` where its path is, and the order is to refuse. */
    place: (scope: DriveScope<'edit'>, sent: SentFile, { path, onConflict }: { readonly path: AssetPath; readonly onConflict: OnTaken }): Promise<Placement> =>
      placeAsset(store, scope, { sent, directory: path.directory, names: namesFor({ path, onConflict }) }),

    /** Skips what is there already; a path that is taken by something else is solved as the order says. */
    async file(scope: DriveScope<'edit'>, order: FileOrder): Promise<IngestedFile> {
      const facts = await factsOf(order.file)
      const { same, versions } = await knownFile(store.ingest, scope, { ...order, facts })
      if (same) return { state: 'skipped', reason: 'unchanged', assetId: same.id, path: fullPath(scope.driveId, { ...order.path, name: same.name }) }
      const taken = order.onConflict === 'skip' ? versions.find((each) => each.name === order.path.name) : undefined
      if (taken) return { state: 'skipped', reason: 'conflict', assetId: taken.id, path: fullPath(scope.driveId, order.path) }
      return upload(scope, order, facts)
    },
  }
}

/** The names to try, in order: the file's own, then what the order says where that is taken. */
function* namesFor({ path: { name }, onConflict }: { readonly path: AssetPath; readonly onConflict: OnConflict | OnTaken }): Generator<string> {
  yield name
  if (onConflict === 'skip' || onConflict === 'refuse') return
  for (let number = 2; number < 10_000; number += 1) yield onConflict === 'version' ? versionedName(name, number) : numberedName(name, number)
}
