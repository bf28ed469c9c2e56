import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { AppError, type Fault, type FaultType } from '../errors.ts'
import { isStorable } from './body-parser.ts'
import type { ParsedInput, Route } from './define-route.ts'

type Place = 'path' | 'query' | 'body'

/** The three inputs of a request by the route's own schemas, or one 422 with all their faults. */
export function parseInput(route: Route, request: FastifyRequest): ParsedInput {
  const faults: Fault[] = []
  const take = (place: Place, schema: z.ZodType | null, value: unknown) => {
    if (!schema) return undefined
    const result = schema.safeParse(value ?? {})
    if (place !== 'body') faults.push(...unstorable(place, value)) // the body's parser has looked at its strings
    if (!result.success) faults.push(...faultsOf(place, result.error))
    return result.data
  }
  const input = { params: take('path', route.params, request.params), query: take('query', route.query, request.query), body: take('body', route.body, request.body) }
  if (faults.length > 0) throw new AppError('invalid', 'The request is invalid', { faults })
  return input
}

const unstorable = (place: Place, value: unknown): Fault[] =>
  Object.entries(value ?? {})
    .filter(([, each]) => typeof each === 'string' && !isStorable(each))
    .map(([name]) => ({ loc: [place, name], msg: 'Text may not contain U+0000 or unpaired surrogates', type: 'format' }))

export const faultsOf = (place: Place, error: z.ZodError): Fault[] =>
  error.issues.map((issue) => ({ loc: [place, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))], msg: issue.message, type: typeOf(issue) }))

type Issue = z.core.$ZodIssue

function typeOf(issue: Issue): FaultType {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined && issue.message.includes('undefined') ? 'missing' : 'type'
    case 'invalid_format':
      return issue.format === 'guid' || issue.format === 'uuid' ? 'uuid' : 'format'
    case 'too_big':
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array' ? 'length' : 'range'
    case 'not_multiple_of':
      return 'range'
    case 'invalid_value':
      return issue.message.includes('undefined') ? 'missing' : 'enum'
    default:
      return customType(issue)
  }
}

/** A refinement may name its own type: `ctx.addIssue({ code: 'custom', params: { type: 'fps_required' }, … })`. */
const customType = (issue: Issue): FaultType => (issue.code === 'custom' && (issue.params?.['type'] as FaultType | undefined)) || 'format' // our own schemas write it
