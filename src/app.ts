import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { v7 as uuidv7 } from 'uuid'
import type { Authenticate } from './access/authenticate.ts'
import type { Decide } from './access/decide.ts'
import { addBodyParser } from './http/body-parser.ts'
import { addBodyTimes, type BodyTimes, usualBodyTimes } from './http/body-times.ts'
import type { Route } from './http/define-route.ts'
import { descriptionRoutes } from './http/description-routes.ts'
import { addErrorHandling, answerMalformed, pathOf, sendRefusal, type TranslateError } from './http/error-handler.ts'
import { AppError } from './errors.ts'
import { addGuard } from './http/guard.ts'
import { openapi } from './http/openapi.ts'
import { type CheckAnswer, registerRoutes } from './http/register-routes.ts'

export interface AppParts {
  readonly authenticate: Authenticate
  readonly decide: Decide
  readonly routes: readonly Route[]
  readonly translateError: TranslateError
  readonly checkAnswer: CheckAnswer
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly logger: FastifyServerOptions['logger']
  readonly bodyTimes?: BodyTimes
}

const exposedHeaders = [
  'Content-Disposition', 'Content-Range', 'Accept-Ranges', 'ETag', 'Location', 'Retry-After', 'X-Request-Id', 'Clip-Method', 'Dailies-Asset-Id',
  'Tus-Resumable', 'Tus-Version', 'Tus-Extension', 'Tus-Max-Size', 'Tus-Checksum-Algorithm', 'Upload-Offset', 'Upload-Length', 'Upload-Expires', 'Upload-Metadata',
]

/** The whole HTTP side, without a port, an environment or a database of its own. */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const app = Fastify({
    logger: parts.logger ?? false,
    logController: new LogController({ disableRequestLogging: true }), // completions are logged below, without their queries
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 1000 },
    exposeHeadRoutes: false,
    trustProxy: parts.trustedProxies.length > 0 ? [...parts.trustedProxies] : false,
    requestIdHeader: false,
    genReqId: ({ headers: { 'x-request-id': given } }) => (typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : uuidv7()),
    rewriteUrl: ({ url = '/' }) => (url.startsWith('/v1/') ? url.slice(3) : url),
    requestTimeout: 0, // an upload may take hours: src/http/body-times.ts
    http: { headersTimeout: 60_000 },
    frameworkErrors: (error, request, reply) => void sendRefusal(error, request, reply),
    clientErrorHandler: answerMalformed,
    keepAliveTimeout: 72_000,
  })
  // Routes parse and present by their own schemas (src/http/register-routes.ts), so that one 422 names all faults.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (body) => JSON.stringify(body))
  addBodyParser(app)
  addBodyTimes(app, parts.bodyTimes ?? usualBodyTimes)
  addErrorHandling(app, parts.translateError)
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
    crossOriginResourcePolicy: { policy: 'cross-origin' }, // previews are shown on other sites' pages
    strictTransportSecurity: false, // for whoever terminates TLS to say
  })
  await app.register(cors, {
    origin: parts.corsOrigins.includes('*') ? '*' : [...parts.corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [...exposedHeaders],
    maxAge: 86_400,
    strictPreflight: false, // an OPTIONS that is no preflight is answered like one
  })
  addRequestTrail(app)
  await app.register(fastifySwagger, openapi)
  await app.register(async (guarded) => {
    addGuard(guarded, parts)
    await registerRoutes(guarded, [...parts.routes, ...descriptionRoutes(() => app.swagger())], parts.checkAnswer)
  })
  await addDocsPage(app)
  await app.ready()
  return app
}

/** Every answer carries its id; every completion is one line, with the path but never the query, where credentials and signatures stand. */
function addRequestTrail(app: FastifyInstance) {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).headers(request.routeOptions.config.route?.answerHeaders ?? {})
    // A fragment never reaches a server; the router would read one as a query, with all that stands in it.
    if (request.url.includes('#')) throw new AppError('malformed', 'The address holds a #')
  })
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        request_id: request.id,
        method: request.method,
        route: request.routeOptions.url ?? null,
        path: pathOf(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        user_id: request.granted?.caller?.userId ?? null,
        address: request.ip,
      },
      'answered',
    )
  })
}

/** The interactive page; it is its own context, since it is not one of our routes and serves only its own files. */
async function addDocsPage(app: FastifyInstance) {
  const { default: swaggerUi } = await import('@fastify/swagger-ui')
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // The page sets styles as it draws; nothing of it comes from elsewhere.
    transformStaticCSP: (policy) => policy.replaceAll(' https:', '').replace("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
    uiConfig: { persistAuthorization: false, docExpansion: 'list', tryItOutEnabled: true },
    theme: { title: 'Dailies API' },
  })
}
