import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'

export interface RawBody {
  readonly body: Readable
  readonly type: string | undefined
  /** As announced; undefined where the body comes in pieces of its own. */
  readonly length: number | undefined
}

/** The bytes of a route with `rawBody`. */
export function rawBody({ body, headers }: FastifyRequest): RawBody {
  const announced = headers['content-length']
  const length = announced !== undefined && /^\d{1,15}$/.test(announced) ? Number(announced) : undefined
  if (body instanceof Readable) return { body, type: headers['content-type'], length }
  return { body: Readable.from([]), type: headers['content-type'], length: length ?? 0 }
}
