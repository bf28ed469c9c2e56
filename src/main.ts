import { buildApp } from './app.ts'
import { ConfigError, readConfig } from './config.ts'
import { translateDatabaseError } from './db/database-errors.ts'
import { healthRoutes } from './features/health/health.routes.ts'
import { createLookAround } from './features/health/health.service.ts'
import { type Installation, openInstallation } from './installation.ts'
import { keepWorking, type KeptWorker } from './jobs/keep-working.ts'
import { stopOnSignal } from './stop-on-signal.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

async function start() {
  const config = readConfig(process.env)
  const begun = openInstallation(config).then((installation): Running => ({ installation, worker: null, app: null }))
  // From the first moment on: what is being opened is closed again.
  stopOnSignal(async () => stop(await begun), config.SHUTDOWN_GRACE_SECONDS * 1000 + 15_000)
  const running = await begun
  const { installation } = running
  try {
    await installation.folders.sweep()
    if (config.ROLE !== 'api') running.worker = await startJobs(installation)
    if (config.ROLE !== 'worker') running.app = await startApi(installation, running.worker)
    const isEmbedded = config.DATABASE_URL === undefined && config.S3_BUCKET === undefined
    const demo = running.app && (config.DEMO ?? isEmbedded) ? await makeDemo(installation, running.worker !== null) : []
    say(running.app ? `Dailies is ready on ${installation.publicUrl}` : 'Dailies works on its jobs')
    for (const line of demo) say(line)
  } catch (error) {
    await stop(running)
    throw error
  }
}

async function makeDemo(installation: Installation, hasWorker: boolean): Promise<readonly string[]> {
  const { ensureDemo } = await import('./demo.ts')
  return ensureDemo(installation, { waitForJobs: hasWorker })
}

function startJobs({ workerJobs, directPool, handlers, config }: Installation): Promise<KeptWorker> {
  const log = (level: string, message: string) => (config.LOG_LEVEL === 'silent' ? undefined : process.stderr.write(`${JSON.stringify({ level, time: Date.now(), msg: message })}\n`))
  return keepWorking({ pool: directPool, jobs: workerJobs, handlers, concurrency: config.JOB_CONCURRENCY, log })
}

async function startApi(installation: Installation, worker: KeptWorker | null) {
  const { config, pool, storage, media } = installation
  const lookAround = createLookAround({
    postgres: () => pool.query('SELECT 1'),
    object_store: (signal) => storage.check(signal),
    media_tools: () => media.describe(),
    jobs: worker && (() => (worker.isRunning() ? Promise.resolve() : Promise.reject(new Error('no worker')))),
  })
  const app = await buildApp({
    ...installation,
    routes: [...healthRoutes(lookAround), ...installation.routes],
    translateError: translateDatabaseError,
    checkAnswer: () => undefined,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    logger: config.LOG_LEVEL === 'silent' ? false : { level: config.LOG_LEVEL },
  })
  await app.listen({ port: config.PORT, host: config.HOST })
  return app
}

interface Running {
  readonly installation: Installation
  worker: KeptWorker | null
  app: Awaited<ReturnType<typeof startApi>> | null
}

/** No new request, those under way get their time, jobs go back to the queue; last, what we stand on. */
async function stop({ installation, worker, app }: Running) {
  const cutOff = setTimeout(() => app?.server.closeAllConnections(), installation.config.SHUTDOWN_GRACE_SECONDS * 1000)
  await Promise.allSettled([app?.close(), worker?.stop()])
  clearTimeout(cutOff)
  await installation.close()
}

const addressFaults: Readonly<Record<string, string>> = {
  EADDRINUSE: `Port ${process.env['PORT'] ?? 3000} is taken, perhaps by a Dailies that runs already. Stop that, or set PORT to another.`,
  EADDRNOTAVAIL: `HOST ${process.env['HOST'] ?? ''} is no address of this machine; 0.0.0.0 listens on all of them.`,
}

try {
  await start()
} catch (error) {
  process.stderr.write(`${reasonNotToStart(error)}\n`)
  process.exit(1)
}

function reasonNotToStart(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (!(error instanceof Error)) return String(error)
  const known = 'code' in error && typeof error.code === 'string' ? addressFaults[error.code] : undefined
  if (known) return known
  return translateDatabaseError(error) ? `The database cannot be reached (DATABASE_URL): ${error.message}` : (error.stack ?? error.message)
}
