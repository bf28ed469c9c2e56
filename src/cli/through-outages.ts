import { setTimeout as pause } from 'node:timers/promises'
import { translateDatabaseError } from '../db/database-errors.ts'
import { AppError } from '../errors.ts'

const triesOnOutage = 8

/** A database or store that is away for a moment does not end a long run: the work is tried again, for a minute or so. */
export async function throughOutages<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isOutage(error) || tries >= triesOnOutage || signal.aborted) throw error
      await pause(Math.min(10_000, 250 * 2 ** tries), undefined, { signal })
    }
  }
}

export const isOutage = (error: unknown) => translateDatabaseError(error) !== undefined || (error instanceof AppError && error.code === 'unavailable')
