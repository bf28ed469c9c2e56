import { STATUS_CODES } from 'node:http'
import { z } from 'zod'
import type { AppError, ErrorCode } from '../errors.ts'

const FaultBody = z.object({
  loc: z.array(z.union([z.string(), z.int()])).describe('Where: `path`, `query`, `headers` or `body`, then the way down'),
  msg: z.string(),
  type: z.string().describe('One of a closed list: missing, type, uuid, enum, range, length, format, depth, conflicting, state, fps_required, attachment_token'),
})

/** RFC 9457. For 422 `detail` is always the list of faults. */
export const Problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.union([z.string(), z.array(FaultBody)]),
    request_id: z.string(),
    index: z.int().optional().describe('Which item of a bulk request'),
    asset_id: z.guid().optional().describe('The asset that has the path which is taken'),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>

/** The one table from failures to statuses. */
export const statusOf: Readonly<Record<ErrorCode, number>> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  invalid: 422,
  locked: 423,
  too_many_requests: 429,
  checksum_mismatch: 460, // of the tus protocol
  internal: 500,
  bad_gateway: 502,
  unavailable: 503,
  gateway_timeout: 504,
}

export function problemOf(error: AppError, requestId: string): Problem {
  const status = statusOf[error.code]
  const faults = error.faults.map(({ loc, msg, type }) => ({ loc: [...loc], msg, type }))
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? (status === 460 ? 'Checksum Mismatch' : 'Error'),
    status,
    detail: error.code === 'invalid' ? (faults.length > 0 ? faults : [{ loc: ['body'], msg: error.message, type: 'format' }]) : error.message,
    request_id: requestId,
    ...(error.index !== undefined && { index: error.index }),
    ...(error.assetId !== undefined && { asset_id: error.assetId }),
  }
}
