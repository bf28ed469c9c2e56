import { AppError, unavailable } from '../../errors.ts'

/** No such file, or no plain file reached without a symlink: no object. */
const absent = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENAMETOOLONG'])

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'The object store is full',
  EDQUOT: 'The object store is full',
  EFBIG: 'The object store cannot hold a file of this size',
  EACCES: 'The object store does not let the server in',
  EPERM: 'The object store does not let the server in',
  EROFS: 'The object store is read-only',
  EMFILE: 'The object store is busy',
  ENFILE: 'The object store is busy',
}

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

export const isAbsent = (error: unknown): boolean => absent.has(codeOf(error) ?? '')

/** The system's message names paths: it stays in the cause, for the log alone. */
export function diskFault(error: unknown): unknown {
  const fromSystem = error instanceof Error && 'syscall' in error
  if (error instanceof AppError || !fromSystem) return error
  return unavailable(words[codeOf(error) ?? ''] ?? 'The object store failed', error)
}

/** What stands where an object or its folders should go: a folder of other objects, or an object. */
const taken = new Set(['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY'])
export const isTaken = (error: unknown): boolean => taken.has(codeOf(error) ?? '')

/** What the disk answers, its faults in words for the caller. */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw diskFault(error)
  }
}
