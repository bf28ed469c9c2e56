import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { AppError, type ErrorCode } from '../errors.ts'
import { problemOf, statusOf } from './problem.ts'

/** What a failure below means to a caller (a database that is away, say); `undefined` = a bug. */
export type TranslateError = (error: unknown) => AppError | undefined

/** Fastify's own refusals come with a client status, and with words that are safe to pass on. */
const refusals: Readonly<Record<number, ErrorCode>> = { 400: 'malformed', 413: 'too_large', 415: 'unsupported_media_type', 414: 'malformed', 431: 'malformed' }

export function addErrorHandling(app: FastifyInstance, translate: TranslateError) {
  app.setErrorHandler<FastifyError | AppError>((error, request, reply) => {
    const answer = error instanceof AppError ? error : (translate(error) ?? refusal(error))
    if (!answer) request.log.error({ err: error, request_id: request.id, route: request.routeOptions.url }, 'request failed')
    else if (statusOf[answer.code] >= 500) request.log.warn({ err: error, request_id: request.id }, 'a dependency failed')
    return sendProblem(reply, answer ?? new AppError('internal', 'Something went wrong on our side'))
  })
  app.setNotFoundHandler((request, reply) => sendProblem(reply, new AppError('not_found', `There is no ${request.method} ${request.url.split('?', 1)[0]?.slice(0, 200)}`)))
}

function refusal(error: FastifyError): AppError | undefined {
  const code = refusals[error.statusCode ?? 500]
  return code && new AppError(code, error.message)
}

export function sendProblem(reply: FastifyReply, error: AppError) {
  if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', error.retryAfterSeconds)
  if (error.code === 'unauthenticated') void reply.header('www-authenticate', 'Bearer')
  return reply
    .code(statusOf[error.code])
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problemOf(error, reply.request.id)))
}
