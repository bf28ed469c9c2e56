import pLimit from 'p-limit'
import type { DriveScope } from '../access/scope.ts'
import { AppError } from '../errors.ts'
import type { IngestedFile, OnConflict } from '../features/ingest/ingest.service.ts'
import type { Installation } from '../installation.ts'
import { type AssetPath, parseAssetPath } from '../model/asset-path.ts'
import { type Found, type FoundFile, reasonOf } from './find-files.ts'
import type { IngestDisplay } from './ingest-display.ts'
import { isOutage, throughOutages } from './through-outages.ts'

const atOnce = 3

/** Brings one to its place in the drive. */
export type Ingest = (file: FoundFile, path: AssetPath, onProgress: (bytes: number) => void) => Promise<IngestedFile>

export interface Run {
  readonly found: Found
  readonly ingest: Ingest
  /** In the drive, with a slash at both ends. */
  readonly directory: string
  readonly display: IngestDisplay
  readonly signal: AbortSignal
}

export interface Ended {
  /** The assets that hold the files now. */
  readonly assetIds: readonly string[]
  /** Files that failed for no fault of theirs: the database or the store was away for long. */
  readonly unsent: readonly FoundFile[]
}

interface Order {
  readonly onConflict: OnConflict
  readonly signal: AbortSignal
}

/** Files of this machine are sent. */
export const sending =
  ({ services }: Installation, scope: DriveScope<'edit'>, order: Order): Ingest =>
  ({ file }, path, onProgress) =>
    services.ingest.file(scope, { file, path, onProgress, ...order })

/** Objects that are in the bucket already are linked. */
export const linking =
  ({ services: { linkObject } }: Installation, scope: DriveScope<'edit'>, { onConflict }: Order): Ingest =>
  ({ file: key }, path) =>
    linkObject(scope, { key, path, onConflict })

/** Some at a time, each through outages. */
export async function ingestFiles({ driveId }: DriveScope<'edit'>, { found, ingest, directory, display, signal }: Run): Promise<Ended> {
  const limit = pLimit(atOnce)
  const assetIds = new Set<string>()
  const unsent: FoundFile[] = []
  for (const { file, what } of found.passedOver) display.warn(`${file} is passed over: it is ${what}`)
  for (const { file, reason } of found.failed) display.begin(file, 0).failed(reason)
  const one = async (found: FoundFile) => {
    const show = display.begin(found.file, found.size)
    try {
      signal.throwIfAborted()
      const path = parseAssetPath(`/${driveId}${directory}${found.relative}`, driveId, ['path'])
      const result = await throughOutages(() => ingest(found, path, show.progress), signal)
      if (result.assetId !== null && (result.state === 'uploaded' || result.reason === 'unchanged')) assetIds.add(result.assetId)
      show.done(result)
    } catch (error) {
      show.failed(reasonOf(error))
      if (isOutage(error)) unsent.push(found)
    }
  }
  await Promise.all(found.files.map((file) => limit(one, file)))
  return { assetIds: [...assetIds], unsent }
}

/** The folder that `--into` names, as every path below it begins. */
export function folderInDrive(into: string, driveId: string): string {
  try {
    return parseAssetPath(`${into.replace(/\/+$/, '')}/x`, driveId).directory
  } catch (error) {
    throw error instanceof AppError ? new AppError('malformed', `--into ${into}: ${reasonOf(error)}`) : error
  }
}
