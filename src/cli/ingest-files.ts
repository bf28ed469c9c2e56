import pLimit from 'p-limit'
import type { DriveScope } from '../access/scope.ts'
import { AppError } from '../errors.ts'
import type { OnConflict } from '../features/ingest/ingest.service.ts'
import type { Installation } from '../installation.ts'
import { parseAssetPath } from '../model/asset-path.ts'
import { type Found, type FoundFile, reasonOf } from './find-files.ts'
import type { IngestDisplay } from './ingest-display.ts'
import { throughOutages } from './through-outages.ts'

const atOnce = 3

export interface Run {
  readonly found: Found
  /** In the drive, with a slash at both ends. */
  readonly directory: string
  readonly onConflict: OnConflict
  readonly display: IngestDisplay
  readonly signal: AbortSignal
}

/** Sends the files, some at a time; answers the assets that hold them now. */
export async function ingestFiles({ services }: Installation, scope: DriveScope<'edit'>, { found, directory, onConflict, display, signal }: Run): Promise<string[]> {
  const limit = pLimit(atOnce)
  const assetIds = new Set<string>()
  for (const { file, what } of found.passedOver) display.warn(`${file} is passed over: it is ${what}`)
  for (const { file, reason } of found.failed) display.begin(file, 0).failed(reason)
  const one = async ({ file, relative, size }: FoundFile) => {
    const show = display.begin(file, size)
    try {
      signal.throwIfAborted()
      const path = parseAssetPath(`/${scope.driveId}${directory}${relative}`, scope.driveId, ['path'])
      const result = await throughOutages(() => services.ingest.file(scope, { file, path, onConflict, signal, onProgress: show.progress }), signal)
      if (result.assetId !== null && (result.state === 'uploaded' || result.reason === 'unchanged')) assetIds.add(result.assetId)
      show.done(result)
    } catch (error) {
      show.failed(reasonOf(error))
    }
  }
  await Promise.all(found.files.map((file) => limit(one, file)))
  return [...assetIds]
}

/** The folder that `--into` names, as every path below it begins. */
export function folderInDrive(into: string, driveId: string): string {
  try {
    return parseAssetPath(`${into.replace(/\/+$/, '')}/x`, driveId).directory
  } catch (error) {
    throw error instanceof AppError ? new AppError('malformed', `--into ${into}: ${reasonOf(error)}`) : error
  }
}
