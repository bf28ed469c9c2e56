import { AppError, unavailable } from '../../errors.ts'
import { noObject, noUpload, objectChanged, outOfRange, partsDoNotFit } from '../object-faults.ts'

const partFaults = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'])
const timeouts = new Set(['TimeoutError', 'RequestTimeout'])
/** The SDK calls a broken connection a timeout too, so that it is tried again. */
const brokenConnections = new Set(['ECONNRESET', 'EPIPE'])

/** What is kept of an SDK's error for the log; the error itself holds the connection and the signed request. */
class S3Cause extends Error {
  readonly status: number | undefined
  readonly requestId: string | undefined

  constructor(error: unknown) {
    super(error instanceof Error ? error.message : String(error))
    const { status, requestId } = metadataOf(error)
    this.name = error instanceof Error ? error.name : 'Error'
    this.status = status
    this.requestId = requestId
    if (error instanceof Error && error.stack !== undefined) this.stack = error.stack
  }
}

function metadataOf(error: unknown): { readonly status: number | undefined; readonly requestId: string | undefined } {
  const metadata: unknown = error instanceof Error && '$metadata' in error ? error.$metadata : undefined
  const { httpStatusCode: status, requestId } = { httpStatusCode: undefined, requestId: undefined, ...(typeof metadata === 'object' ? metadata : {}) }
  return { status: typeof status === 'number' ? status : undefined, requestId: typeof requestId === 'string' ? requestId : undefined }
}

export const timedOut = (cause?: unknown) =>
  new AppError('gateway_timeout', 'The object store did not answer in time', { retryAfterSeconds: 5, cause })

/** HTTP status of the answer behind a fault; `undefined` when there was none. */
export const statusBehind = (fault: unknown): number | undefined =>
  fault instanceof AppError && fault.cause instanceof S3Cause ? fault.cause.status : undefined

/** In words for the caller. What the SDK says names hosts and requests: it stays in the cause, for the log alone. */
export function s3Fault(error: unknown): AppError {
  if (error instanceof AppError) return error
  const cause = new S3Cause(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (partFaults.has(cause.name)) return partsDoNotFit(cause)
  if (timeouts.has(cause.name) && !brokenConnections.has(code)) return timedOut(cause)
  return faultOfStatus(cause)
}

function faultOfStatus(cause: S3Cause): AppError {
  switch (cause.status) {
    case 404:
      if (cause.name === 'NoSuchBucket') return unavailable('The object store has no such bucket', cause)
      return cause.name === 'NoSuchUpload' ? noUpload() : noObject()
    case 412:
      return objectChanged(cause)
    case 416:
      return outOfRange()
    case 401:
    case 403:
      return unavailable('The object store refuses the server’s credentials', cause)
    default:
      return unavailable('The object store is not available', cause)
  }
}
