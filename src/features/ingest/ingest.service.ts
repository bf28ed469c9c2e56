import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import mime from 'mime-types'
import type { ActivityRepository } from '../../activity/activity.repository.ts'
import { actorOf, type DriveScope } from '../../access/scope.ts'
import type { Store } from '../../db/store.ts'
import { AppError, conflict } from '../../errors.ts'
import type { JobRepository } from '../../jobs/jobs.repository.ts'
import { type AssetPath, extensionOf, fullPath, numberedName, versionedName } from '../../model/asset-path.ts'
import { assetTypeOf } from '../../model/asset-type.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { inspectAsset } from './ingest.jobs.ts'
import type { IngestRepository } from './ingest.repository.ts'

export type IngestService = ReturnType<typeof createIngestService>
export type OnConflict = 'version' | 'rename' | 'skip'

interface Needs {
  readonly store: Store<{ readonly ingest: IngestRepository; readonly objects: ObjectRepository; readonly jobs: JobRepository; readonly activity: ActivityRepository }>
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

interface FileFacts {
  readonly size: number
  readonly modified: Date
}

/** Films of one's own become assets: a file once, whole, with the jobs that look at it. */
export function createIngestService({ store, storage, clock }: Needs) {
  /** A file that is there already, as it is or as one of its later versions: by size and time of change, else by its content. */
  async function known(scope: DriveScope<'edit'>, { file, path }: FileOrder, { size, modified }: FileFacts) {
    const versions = await versionsOf(scope, path)
    const sameSize = versions.filter((each) => each.sizeBytes === size)
    const untouched = sameSize.find((each) => each.sourceModifiedAt?.getTime() === modified.getTime())
    if (untouched || sameSize.length === 0) return { same: untouched, versions }
    const hash = await hashOf(file)
    const same = sameSize.find((each) => each.contentHash?.equals(hash))
    if (same) await store.ingest.noteModified(scope, same.id, modified)
    return { same, versions }
  }

  async function versionsOf(scope: DriveScope<'edit'>, { directory, name }: AssetPath) {
    const dot = name.lastIndexOf('.')
    const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
    const found = await store.ingest.namesakes(scope, directory, stem)
    return found.filter((each) => each.name === name || (each.name.endsWith(extension) && /^(_v\d+| \(\d+\))$/.test(each.name.slice(stem.length, each.name.length - extension.length))))
  }

  /** Sends the file, then makes it an asset: in one transaction with the job that will look at it. */
  async function upload(scope: DriveScope<'edit'>, order: FileOrder, facts: FileFacts, names: Iterable<string>): Promise<IngestedFile | undefined> {
    const { driveId } = scope
    const [assetId, objectId, at] = [store.objects.newId(), store.objects.newId(), clock.now()]
    const key = objectKeys.source(driveId, assetId)
    const contentType = mime.lookup(order.path.name) || 'application/octet-stream'
    await store.objects.reserve(driveId, [{ id: objectId, kind: 'source', key, contentType }], at)
    const contentHash = await send(order, { key, contentType, facts })

    for (const name of names) {
      const path = { directory: order.path.directory, name }
      const extension = extensionOf(name)
      const made = await store.transaction(async (tx) => {
        const asset = { ...path, id: assetId, extension, type: assetTypeOf(extension, undefined), sourceObjectId: objectId, sizeBytes: facts.size, contentType, contentHash }
        if (!(await tx.objects.store(driveId, [{ id: objectId, size: facts.size }]))) throw conflict('The upload took longer than a day')
        if (!(await tx.ingest.insert(scope, { ...asset, sourceModifiedAt: facts.modified, createdBy: actorOf(scope.caller), at }))) throw new PathTaken()
        await tx.activity.add({ driveId, caller: scope.caller, action: 'asset.created', assetId, after: { path: fullPath(driveId, path), size_bytes: facts.size }, at })
        await tx.jobs.enqueue(inspectAsset, { drive_id: driveId, asset_id: assetId }, `inspect:${assetId}`)
        return true
      }).catch((error: unknown) => (error instanceof PathTaken ? false : Promise.reject(error as Error)))
      if (made) return { state: 'uploaded', assetId, path: fullPath(driveId, path) }
    }
    await discard(driveId, objectId, key)
    return undefined
  }

  async function send({ file, signal, onProgress }: FileOrder, { key, contentType, facts }: { key: string; contentType: string; facts: FileFacts }): Promise<Buffer> {
    const hash = createHash('sha256')
    const source = createReadStream(file, { highWaterMark: 1 << 20, signal })
    const counted = source.compose(observing(hash, (bytes) => onProgress?.(bytes, facts.size)))
    const { size } = await storage.put(key, counted as unknown as typeof source, { contentType, signal }) // compose answers a Duplex, which reads alike
    const after = await stat(file)
    if (size !== facts.size || after.size !== facts.size || after.mtime.getTime() !== facts.modified.getTime()) {
      await storage.delete([key])
      throw conflict('The file changed while it was read: try again when it is written')
    }
    return hash.digest()
  }

  async function discard(driveId: string, objectId: string, key: string) {
    await storage.delete([key])
    await store.objects.forget(driveId, objectId)
  }

  return {
    /** Skips what is there already; a path that is taken by something else is solved as the order says. */
    async file(scope: DriveScope<'edit'>, order: FileOrder): Promise<IngestedFile> {
      const { size, mtime: modified } = await stat(order.file).catch(() => Promise.reject(new AppError('not_found', 'There is no such file, or it cannot be read')))
      const facts = { size, modified }
      const { same, versions } = await known(scope, order, facts)
      const skipped = (assetId: string | null, name: string): IngestedFile => ({ state: 'skipped', assetId, path: fullPath(scope.driveId, { ...order.path, name }) })
      if (same) return skipped(same.id, same.name)
      const taken = versions.find((each) => each.name === order.path.name)
      if (taken && order.onConflict === 'skip') return skipped(taken.id, taken.name)
      const uploaded = await upload(scope, order, facts, namesFor(order))
      return uploaded ?? skipped(taken?.id ?? null, order.path.name)
    },
  }
}

/** Thrown inside a transaction to leave it: Postgres takes no more statements after a refused insert. */
class PathTaken extends Error {}

/** The names to try, in order: the file's own, then what the order says where that is taken. */
function* namesFor({ path: { name }, onConflict }: FileOrder): Generator<string> {
  yield name
  if (onConflict === 'skip') return
  for (let number = 2; number < 10_000; number += 1) yield onConflict === 'version' ? versionedName(name, number) : numberedName(name, number)
}

function observing(hash: Hash, onBytes: (bytes: number) => void): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      onBytes((bytes += chunk.length))
      done(null, chunk)
    },
  })
}

async function hashOf(file: string): Promise<Buffer> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest()
}
