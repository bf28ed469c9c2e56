import { type AppError, unavailable } from '../errors.ts'

/** Node's and Postgres' words for a server that is not there, or not now. */
const awayCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', '57P01', '57P02', '57P03', '08000', '08001', '08003', '08004', '08006', '53300', '25006'])
const awayWords = /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Connection ended/

/** A statement that waited too long (for a lock, mostly), or that went under to let others by, again and again. */
const busyCodes = new Set(['57014', '55P03', '40P01', '40001'])

/** A database that is away, in words for a caller; undefined where the fault is another. */
export function translateDatabaseError(error: unknown): AppError | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : ''
    const syscall = 'syscall' in at ? at.syscall : undefined
    // A file that is missing is ENOENT too: of the system's codes only those of a connection count.
    const isAway = awayCodes.has(code) && (syscall === undefined || ['connect', 'getaddrinfo', 'read', 'write'].includes(String(syscall)))
    if (busyCodes.has(code)) return unavailable('Others are at work on the same things just now: try again', error)
    if (isAway || awayWords.test(at.message)) return unavailable('The database cannot be reached just now', error)
  }
  return undefined
}
