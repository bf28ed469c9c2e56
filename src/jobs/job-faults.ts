import { AppError } from '../errors.ts'
import { MediaError } from '../ports/media-engine.ts'

/** Cut off by the worker's own stop, and not by the job's time limit. */
export const wasStopped = ({ aborted, reason }: AbortSignal) => aborted && !(reason instanceof Error && reason.name === 'TimeoutError')

/** Why a job failed, in words for the asset's owner. Only errors that were made to be shown are shown. */
export function reasonFor(error: unknown): string {
  if (error instanceof MediaError || error instanceof AppError) return error.message
  if (error instanceof Error && error.name === 'TimeoutError') return 'It took longer than its time limit'
  if (error instanceof Error && isFullDisk(error)) return 'The folder for temporary files is full'
  return 'Something went wrong on the server; it will be in its log'
}

/** libvips gives no code. */
const isFullDisk = (error: Error) => ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) || /(?:no space left on device|disk quota exceeded)$/im.test(error.message)
