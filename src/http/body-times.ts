import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answerMalformed } from './error-handler.ts'

export interface BodyTimes {
  /** For a JSON body to be in, whole. */
  readonly wholeMs: number
  /** For the next byte of a body that its route reads as it comes; the whole may take hours. */
  readonly idleMs: number
}
export const usualBodyTimes: BodyTimes = { wholeMs: 60_000, idleMs: 60_000 }

/** Node itself knows one time for all requests, which would cut long uploads off. */
export function addBodyTimes(app: FastifyInstance, { wholeMs, idleMs }: BodyTimes) {
  app.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request)) until(request, request.routeOptions.config.route?.rawBody ? whileItMoves(request, reply, idleMs) : atOnce(request, reply, wholeMs))
    done()
  })
  // Whoever is still sending a body that was refused may read the answer only then: the rest is taken in, for no longer than the times above allow.
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete) raw.removeAllListeners('readable').on('data', () => undefined).resume()
    done()
  })
}

const hasBody = ({ headers }: FastifyRequest) => headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0

function until({ raw }: FastifyRequest, timer: NodeJS.Timeout) {
  timer.unref()
  const stop = () => clearTimeout(timer) // intervals too
  raw.once('end', stop).once('close', stop)
}

const atOnce = (request: FastifyRequest, reply: FastifyReply, wholeMs: number) => setTimeout(() => cutOff(request, reply), wholeMs)

const looks = 4

/** A body stands still where no byte comes though we would take one: while we are slow to take them, nobody else is. One that nobody reads any more ends as soon. */
function whileItMoves(request: FastifyRequest, reply: FastifyReply, idleMs: number) {
  const { raw } = request
  let seen = raw.socket.bytesRead
  let still = 0
  return setInterval(() => {
    const moves = raw.socket.bytesRead !== seen || raw.readableLength > 0
    still = moves && !reply.raw.writableFinished ? 0 : still + 1
    seen = raw.socket.bytesRead
    if (still >= looks) cutOff(request, reply)
  }, idleMs / looks)
}

function cutOff({ raw: { socket } }: FastifyRequest, reply: FastifyReply) {
  if (reply.raw.headersSent) return void socket.destroy()
  answerMalformed(Object.assign(new Error('The body took too long'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket)
  socket.destroySoon()
}
