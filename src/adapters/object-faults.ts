import { AppError, notFound } from '../errors.ts'
import type { ByteRange, StoredPart } from '../ports/object-storage.ts'

// What both adapters say in the same words.

export const outOfRange = () => new AppError('range_not_satisfiable', 'The range lies outside of the object')
export const objectChanged = (cause?: unknown) => new AppError('precondition_failed', 'The object has changed meanwhile', { cause })
export const noObject = () => notFound('Object')
export const noUpload = () => notFound('Upload')
export const isNotFound = (error: unknown): boolean => error instanceof AppError && error.code === 'not_found'
export const bytesMissing = () => new AppError('conflict', 'Bytes of the upload are missing')
export const partsDoNotFit = (cause?: unknown) =>
  new AppError('conflict', 'The parts do not fit: each must have arrived, in ascending order, all but the last with at least 5 MiB', { cause })

/** S3's floor for every part but the last. */
export const minPartBytes = 5 * 1024 * 1024
export const maxPartNumber = 10_000

export const isPartNumber = (number: number) => Number.isInteger(number) && number >= 1 && number <= maxPartNumber

/** What can be said before the store is asked. */
export function assertPlausibleParts(parts: readonly StoredPart[]): void {
  const ascending = parts.every((part, index) => isPartNumber(part.number) && part.number > (parts[index - 1]?.number ?? 0))
  if (parts.length === 0 || !ascending) throw partsDoNotFit()
}

export function assertPlausibleRange({ start, end = Infinity }: ByteRange): void {
  if (!Number.isSafeInteger(start) || start < 0 || end < start || (end !== Infinity && !Number.isSafeInteger(end))) throw outOfRange()
}

/** The positions that a request for `range` reads of `size` bytes; `end` is -1 for the whole of an empty object. */
export function positionsOf(range: ByteRange | undefined, size: number): { readonly start: number; readonly end: number } {
  if (range === undefined) return { start: 0, end: size - 1 }
  assertPlausibleRange(range)
  if (range.start >= size) throw outOfRange()
  return { start: range.start, end: Math.min(range.end ?? Infinity, size - 1) }
}
