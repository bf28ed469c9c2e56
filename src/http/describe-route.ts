import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import type { Response, Route } from './define-route.ts'
import { Problem, statusOf } from './problem.ts'

/** The `password` header belongs to shares with a password; every operation on a drive's data takes it. */
const shareHeaders = {
  password: z.string().max(1024).nullable().optional().describe('The password of the collection, where it has one'),
}

const problem = (description: string) => ({ description, content: { 'application/problem+json': { schema: Problem } } })

/** A route in the terms of @fastify/swagger, which writes the API description. Fastify itself validates and serialises nothing. */
export function describeRoute(route: Route) {
  const { access } = route
  const isPublic = access.kind === 'public'
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description && { description: route.description }),
    tags: [route.tag],
    hide: route.hidden,
    security: isPublic ? [] : [{ ApiKey: [] }, { Bearer: [] }],
    ...(hasFields(route.params) && { params: route.params }),
    ...(hasFields(route.query) && { querystring: route.query }),
    ...bodyOf(route),
    ...headersOf(route),
    response: {
      ...success(route.response),
      ...(!isPublic && { 401: problem('No valid credential'), 403: problem('The role lacks the action'), 404: problem('Not found, or not yours to see') }),
      422: problem('Invalid input; `detail` lists every fault'),
      ...refused(route),
      default: problem('Any other failure'),
    },
    ...(route.bodyIsOptional && { [optionalBody]: true }),
  }
}

/** @fastify/swagger takes every body for one that must be there: openapi.ts takes this mark for the contrary, and away. */
export const optionalBody = 'x-optional-body'

const refused = ({ refusals }: Route) =>
  Object.fromEntries(Object.entries(refusals).map(([code, why]) => [statusOf[code as ErrorCode], problem(why)])) // the keys of `Refusals`

function bodyOf({ body, consumes }: Route) {
  if (consumes === undefined) return body && { body }
  return { consumes: [consumes], body: z.string().meta({ format: 'binary', description: 'The bytes' }) }
}

function headersOf({ access, headers }: Route) {
  const all = { ...((access.kind === 'drive' || access.kind === 'asset') && shareHeaders), ...headers }
  return Object.keys(all).length > 0 ? { headers: z.looseObject(all) } : undefined
}

const hasFields = (schema: z.ZodObject) => Object.keys(schema.shape).length > 0

function success(response: Response): Record<string, unknown> {
  if (response instanceof z.ZodType) return { 200: response }
  if ('empty' in response) return { [response.empty]: z.null().describe(response.description) } // no body, then
  if ('redirect' in response) return { 307: { description: response.redirect, content: { 'application/octet-stream': { schema: z.string().describe('Empty') } } } }
  const content = Object.fromEntries(response.mediaTypes.map((type) => [type, { schema: z.string() }]))
  return { 200: { description: response.description, content } }
}
