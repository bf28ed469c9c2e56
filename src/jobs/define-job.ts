import { z } from 'zod'
import type { AssetScope, DriveScope } from '../access/scope.ts'

export interface Job<Payload extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly payload: Payload
  readonly maxAttempts: number
  readonly timeoutSeconds: number
  /** Runs by itself at these times, in crontab form, UTC. */
  readonly cron?: string
  /** Begins no earlier than this after it was ordered. */
  readonly delaySeconds?: number
}

export const defineJob = <Payload extends z.ZodType>(job: Job<Payload>) => job

/** What every job on an asset is told. */
export const onAsset = { drive_id: z.guid(), asset_id: z.guid() }

export interface Try {
  /** Aborts at the job's time limit and when the worker stops. */
  readonly signal: AbortSignal
  /** From 1. */
  readonly attempt: number
  readonly isLast: boolean
}

export interface JobHandler {
  readonly job: Job
  readonly run: (payload: unknown, theTry: Try, grant: GrantToJob) => Promise<void>
}
/** Handed in by the runner, which alone may make scopes beside the guard. */
export interface GrantToJob {
  (driveId: string): DriveScope<'manage'>
  (driveId: string, assetId: string): AssetScope<'manage'>
}

/** Jobs run at least once, so a handler must stand being run again. */
export const onJob = <Payload extends z.ZodType>(job: Job<Payload>, run: (payload: z.output<Payload>, theTry: Try) => Promise<void>): JobHandler => ({
  job,
  run: (payload, theTry) => run(job.payload.parse(payload), theTry),
})

/** What every job on a drive is told. */
export const onDrive = { drive_id: z.guid() }

/** A job on one drive; its handler gets a scope as a route's does. */
export const onDriveJob = <Payload extends z.ZodObject<typeof onDrive>>(
  job: Job<Payload>,
  run: (scope: DriveScope<'manage'>, payload: z.output<Payload>, theTry: Try) => Promise<void>,
): JobHandler => ({
  job,
  run: (given, theTry, grant) => {
    const payload = job.payload.parse(given)
    const { drive_id: driveId } = z.object(onDrive).parse(payload)
    return run(grant(driveId), payload, theTry)
  },
})

/** A job on one asset; its handler gets a scope as a route's does. */
export const onAssetJob = <Payload extends z.ZodObject<typeof onAsset>>(
  job: Job<Payload>,
  run: (scope: AssetScope<'manage'>, payload: z.output<Payload>, theTry: Try) => Promise<void>,
): JobHandler => ({
  job,
  run: (given, theTry, grant) => {
    const payload = job.payload.parse(given)
    const { drive_id: driveId, asset_id: assetId } = z.object(onAsset).parse(payload)
    return run(grant(driveId, assetId), payload, theTry)
  },
})
