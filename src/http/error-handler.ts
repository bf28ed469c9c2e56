import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type ErrorCode, withoutStatement } from '../errors.ts'
import { problemOf, statusOf } from './problem.ts'

/** What a failure below means to a caller (a database that is away, say); `undefined` = a bug. */
export type TranslateError = (error: unknown) => AppError | undefined

/** Fastify's and its plugins' own refusals come with a client status, and with words that are safe to pass on where they are about the body. */
const refusals: Readonly<Record<number, ErrorCode>> = { 400: 'malformed', 403: 'forbidden', 404: 'not_found', 413: 'too_large', 414: 'malformed', 415: 'unsupported_media_type', 431: 'malformed' }

export function addErrorHandling(app: FastifyInstance, translate: TranslateError) {
  app.setErrorHandler<FastifyError | AppError>((error, request, reply) => {
    const answer = error instanceof AppError ? error : (translate(error) ?? refusal(error))
    // Who leaves in the middle of an answer made no fault of ours. (A request that was read to its end counts as destroyed, its answer does not.)
    if (!reply.raw.destroyed) note(request, error, answer)
    return sendProblem(reply, answer ?? new AppError('internal', 'Something went wrong on our side'))
  })
  app.setNotFoundHandler((request, reply) => sendProblem(reply, new AppError('not_found', `There is no ${request.method} ${pathOf(request.url).slice(0, 200)}`)))
}

function note(request: FastifyRequest, error: Error, answer: AppError | undefined) {
  const about = { err: withoutStatement(error), request_id: request.id, route: request.routeOptions.url }
  if (!answer) request.log.error(about, 'request failed')
  else if (statusOf[answer.code] >= 500) request.log.warn(about, 'a dependency failed')
}

/** Without the query, where credentials and signatures stand. */
export const pathOf = (url: string): string => url.split(/[?#]|%3f|%23/i, 1)[0] ?? ''

function refusal(error: FastifyError): AppError | undefined {
  const code = refusals[error.statusCode ?? 500]
  if (!code) return undefined
  // A path that cannot be decoded is repeated in the words, with whatever stood in its query.
  return new AppError(code, /^FST_ERR_(CTP|VALIDATION)/.test(error.code) ? error.message : (STATUS_CODES[error.statusCode ?? 400] ?? 'Bad Request'))
}

/** For what goes wrong before a request has a route. */
export const sendRefusal = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
  sendProblem(reply.header('x-request-id', request.id), refusal(error) ?? new AppError('malformed', 'The request cannot be read'))

/** For what is no HTTP at all: the connection is answered, and closed. */
export function answerMalformed(this: unknown, error: NodeJS.ErrnoException, socket: Socket) {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, words] = { HPE_HEADER_OVERFLOW: [431, 'The head of the request is too large'] as const, ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive'] as const }[error.code ?? ''] ?? [400, 'The request is not HTTP']
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail: words, request_id: '' })
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}

export function sendProblem(reply: FastifyReply, error: AppError) {
  if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', error.retryAfterSeconds)
  if (error.code === 'unauthenticated') void reply.header('www-authenticate', 'Bearer')
  return reply
    .headers(error.headers)
    .code(statusOf[error.code])
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problemOf(error, reply.request.id)))
}
