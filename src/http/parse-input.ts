import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { AppError, type Fault, type FaultType } from '../errors.ts'
import { faultWords } from './fault-words.ts'
import { isStorable } from './body-parser.ts'
import type { ParsedInput, Route } from './define-route.ts'

type Place = 'path' | 'query' | 'body'

/** How every input is parsed: in our words, and with what came, which tells a missing field from a wrong one. */
export const parsing = { reportInput: true, error: faultWords } as const

/** The three inputs of a request by the route's own schemas, or one 422 with all their faults. */
export function parseInput(route: Route, request: FastifyRequest): Omit<ParsedInput, 'signal'> {
  const faults: Fault[] = []
  const take = (place: Place, schema: z.ZodType | null, value: unknown) => {
    if (!schema) return undefined
    const result = schema.safeParse(value ?? {}, parsing)
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

/** What tells apart the issues of one code; each code has some of these. */
interface Clues {
  readonly input?: unknown
  readonly format?: string
  readonly origin?: string
  readonly params?: Readonly<Record<string, unknown>> | undefined
}

const lengthOrRange = ({ origin }: Clues): FaultType => (origin === 'string' || origin === 'array' ? 'length' : 'range')

const typeByCode: Readonly<Partial<Record<Issue['code'], (issue: Clues) => FaultType>>> = {
  invalid_type: ({ input }) => (input === undefined ? 'missing' : 'type'),
  invalid_value: ({ input }) => (input === undefined ? 'missing' : 'enum'),
  invalid_format: ({ format }) => (format === 'guid' || format === 'uuid' ? 'uuid' : 'format'),
  too_big: lengthOrRange,
  too_small: lengthOrRange,
  not_multiple_of: () => 'range',
  // A refinement may name its own type: `ctx.addIssue({ code: 'custom', params: { type: 'fps_required' }, … })`.
  custom: ({ params }) => (params?.['type'] as FaultType | undefined) || 'format', // our own schemas write it
}

const typeOf = (issue: Issue): FaultType => typeByCode[issue.code]?.(issue) ?? 'format'
