import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { AppError, notFound } from '../../errors.ts'
import type { UploadKey, UploadRepository, UploadRow } from './uploads.repository.ts'

export interface LeaseTimes {
  /** Free for others when the holder has been silent for so long. */
  readonly leaseMs: number
  readonly renewMs: number
  /** For how long who finds it held waits for the holder to let go. */
  readonly waitMs: number
  readonly pollMs: number
}
export const usualLeaseTimes: LeaseTimes = { leaseMs: 10_000, renewMs: 2000, waitMs: 11_000, pollMs: 150 }

/** Held until the work ends. */
export interface Lease {
  readonly owner: string
  /** As it was when it was taken. */
  readonly upload: UploadRow
  /** Aborts when somebody else wants the upload, or has it: what is being received then ends. */
  readonly signal: AbortSignal
  /** Written at the next renewal: from there on goes whoever comes after a kill. */
  readonly note: (offsetBytes: number) => void
}

interface Needs {
  readonly store: { readonly uploads: UploadRepository }
  readonly times: LeaseTimes
  /** When an upload expires whose bytes came just now. */
  readonly expiry: () => Date
}
interface Held extends UploadKey {
  readonly owner: string
}
type Work<T> = (lease: Lease) => Promise<T>

export type UploadLeases = ReturnType<typeof createUploadLeases>

const isHeld = () => new AppError('locked', 'Another request is at this upload', { retryAfterSeconds: 2 })
const isLost = () => new AppError('locked', 'Another request has taken this upload over', { retryAfterSeconds: 2 })

/** One request at a time works on an upload, on whatever instance: the lock is a lease on its row. */
export function createUploadLeases({ store, times, expiry }: Needs) {
  const { leaseMs, renewMs, waitMs, pollMs } = times

  async function take(held: Held, signal: AbortSignal): Promise<UploadRow> {
    const from = performance.now()
    for (;;) {
      const upload = await store.uploads.take(held, leaseMs)
      if (upload) return upload
      if (performance.now() - from >= waitMs) throw isHeld()
      if (!(await store.uploads.want(held))) throw notFound('Upload')
      await pause(pollMs)
      if (signal.aborted) throw isHeld() // nobody waits any more
    }
  }

  function keep(held: Held) {
    const ending = new AbortController()
    let reached: number | undefined
    let renewedAt = performance.now()
    let renewing: Promise<void> | undefined
    const renew = async () => {
      try {
        const renewed = await store.uploads.renew(held, leaseMs, reached === undefined ? undefined : { offsetBytes: reached, expiresAt: expiry() })
        renewedAt = performance.now()
        if (!renewed || renewed.wantedBy !== null) ending.abort(isLost())
      } catch {
        // The database may be back before the lease runs out.
        if (performance.now() - renewedAt > leaseMs - renewMs) ending.abort(isLost())
      }
      renewing = undefined
    }
    const timer = setInterval(() => (renewing ??= renew()), renewMs)
    return {
      signal: ending.signal,
      note: (offsetBytes: number) => void (reached = offsetBytes),
      async stop() {
        clearInterval(timer)
        await renewing
      },
    }
  }

  async function during<T>(held: Held, upload: UploadRow, work: Work<T>): Promise<T> {
    const kept = keep(held)
    try {
      // The last byte is noted together with what is to come of it (`advance`), and not by the way.
      const note = (offsetBytes: number) => (offsetBytes < upload.sizeBytes ? kept.note(offsetBytes) : undefined)
      return await work({ owner: held.owner, upload, signal: kept.signal, note })
    } finally {
      await kept.stop()
      await store.uploads.release(held).catch(() => undefined) // out of reach: it runs out by itself
    }
  }

  return {
    /** Takes the lock, which its holder is asked for, and lets go of it when the work has ended. Throws `locked` where the holder keeps it. */
    async hold<T>({ driveId, id }: UploadKey, signal: AbortSignal, work: Work<T>): Promise<T> {
      const held = { driveId, id, owner: randomUUID() }
      return during(held, await take(held, signal), work)
    },

    /** Undefined where somebody else is at it, or it is gone. */
    async holdIfFree<T>({ driveId, id }: UploadKey, work: Work<T>): Promise<T | undefined> {
      const held = { driveId, id, owner: randomUUID() }
      const upload = await store.uploads.take(held, leaseMs)
      return upload && during(held, upload, work)
    },
  }
}
