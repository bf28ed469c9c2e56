/** Every way a request can fail that its caller can act on; `src/http/problem.ts` holds the one table to statuses. */
export type ErrorCode =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'gone'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'range_not_satisfiable'
  | 'invalid'
  | 'locked'
  | 'too_many_requests'
  | 'checksum_mismatch'
  | 'bad_gateway'
  | 'unavailable'
  | 'gateway_timeout'
  | 'internal'

/** One fault of a request. `loc` leads to it, from `path`, `query`, `headers` or `body` down. */
export interface Fault {
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: FaultType
}

/** The closed list that clients may switch on. */
export type FaultType =
  | 'missing'
  | 'type'
  | 'uuid'
  | 'enum'
  | 'range'
  | 'length'
  | 'format'
  | 'depth'
  | 'conflicting'
  | 'state'
  | 'fps_required'
  | 'attachment_token'

interface Extra {
  readonly faults?: readonly Fault[]
  /** Seconds until a new try makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number
  /** Which item of a bulk request. */
  readonly index?: number
  /** Who has what this request wanted: the asset at a path that is taken. */
  readonly assetId?: string | undefined
  /** What the answer's head says beside the problem: `Content-Range`, say. */
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** A failure that the caller can act on; its message is shown to them. Anything else that is thrown is a bug and becomes `internal`. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly faults: readonly Fault[]
  readonly retryAfterSeconds: number | undefined
  readonly index: number | undefined
  readonly assetId: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, message: string, { faults = [], retryAfterSeconds, index, assetId, headers = {}, cause }: Extra = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
    this.faults = faults
    this.retryAfterSeconds = retryAfterSeconds
    this.index = index
    this.assetId = assetId
    this.headers = headers
  }
}

/** The same failure, whose answer says more in its head. */
export const withHeaders = (error: AppError, headers: Readonly<Record<string, string>>) =>
  new AppError(error.code, error.message, {
    faults: error.faults,
    headers: { ...error.headers, ...headers },
    assetId: error.assetId,
    cause: error.cause,
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
    ...(error.index !== undefined && { index: error.index }),
  })

/** The same answer whether the thing never was or is somebody else's: no id, no hint. */
export const notFound = (what: string) => new AppError('not_found', `${what} not found`)
export const conflict = (message: string) => new AppError('conflict', message)
/** 409 that says which asset has the path. */
export const pathTaken = (assetId: string | null) => new AppError('conflict', 'Another asset has this path', { assetId: assetId ?? undefined })
export const invalid = (...faults: Fault[]) => new AppError('invalid', faults[0]?.msg ?? 'The request is invalid', { faults })
export const unavailable = (message: string, cause?: unknown) => new AppError('unavailable', message, { retryAfterSeconds: 5, cause })

/** For logs and the queue: drizzle's own error repeats the statement with what was sent to it; what Postgres said stands below. */
export const withoutStatement = (error: unknown): unknown => (error instanceof Error && error.message.startsWith('Failed query') && error.cause instanceof Error ? error.cause : error)
