import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Reply, type Route } from './define-route.ts'
import { describeRoute } from './describe-route.ts'
import { parseInput } from './parse-input.ts'

/** Looks at an answer before it goes out; tests hold every one against its schema, production sends what the presenters made. */
export type CheckAnswer = (route: Route, body: unknown) => void

export async function registerRoutes(app: FastifyInstance, routes: readonly Route[], checkAnswer: CheckAnswer) {
  const register = (on: FastifyInstance, route: Route) =>
    on.route({
      method: route.method,
      url: route.url.replaceAll(/\{(\w+)\}/g, ':$1'),
      // A preflight gets its headers, and then comes to us.
      config: { route, ...(route.method === 'OPTIONS' && { cors: { preflightContinue: true } }) },
      schema: describeRoute(route),
      handler: async (request, reply) => {
        const input = {
          ...parsed(route, request),
          get signal() {
            return clientGone(reply)
          },
        }
        return send(reply, await route.run(request, input), (body) => checkAnswer(route, body))
      },
    })
  for (const route of routes) if (!route.rawBody) register(app, route)

  await app.register(async (raw) => {
    raw.removeAllContentTypeParsers()
    raw.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    for (const route of routes) if (route.rawBody) register(raw, route)
  })
}

/** Aborts when the client leaves before its answer is complete. (Fastify's own signal aborts once a body was read, too.) */
function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new Error('the client left'))
  })
  return gone.signal
}

const parsed = (route: Route, request: FastifyRequest) => (route.rawBody ? { params: request.params, query: request.query, body: request.body } : parseInput(route, request))

function send(reply: FastifyReply, answer: Reply<unknown>, check: (body: unknown) => void) {
  if ('stream' in answer) {
    if (answer.stream instanceof Readable) endWithConnection(reply, answer.stream)
    return reply.code(answer.status).headers(answer.headers).send(answer.stream ?? undefined)
  }
  check(answer.body)
  // Fastify takes a string for text that is ready to send; ours are values.
  return reply.code(answer.status).headers(answer.headers ?? {}).type('application/json; charset=utf-8').send(JSON.stringify(answer.body))
}

/**
 * A pipelined answer that waits for its turn hears nothing when the connection goes: what it reads from would stay open. Fastify ends the stream of the
 * answer that is being sent; this ends the others.
 */
function endWithConnection(reply: FastifyReply, stream: Readable) {
  const { socket } = reply.request.raw
  const end = () => stream.destroy()
  socket.setMaxListeners(0) // as many as requests were sent ahead
  socket.once('close', end)
  stream.once('close', () => socket.off('close', end))
}

/** For tests: what a route answers is what it describes, with nothing more in it. */
export const holdToSchema: CheckAnswer = (route, body) => {
  if (!(route.response instanceof z.ZodType)) throw new Error(`${route.operationId} answers JSON, and describes none`)
  const described: unknown = route.response.parse(body)
  const [sent, meant] = [JSON.stringify(body), JSON.stringify(described)]
  if (canonical(sent) !== canonical(meant)) throw new Error(`${route.operationId} answers more than it describes: ${sent} for ${meant}`)
}

const canonical = (json: string): string =>
  JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  )
