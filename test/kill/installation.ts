import { execFile, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { startBuilt } from './killed-server.ts'

const email = 'kill@example.com'

/** The built server in a folder of its own, with a drive and somebody who may do everything in it; the database stays when the server is killed. */
export async function openInstallation(settings: NodeJS.ProcessEnv = {}) {
  const home = await mkdtemp(join(tmpdir(), 'dailies-kill-'))
  const port = 20_000 + (process.pid % 20_000)
  const environment = {
    ...process.env, S3_BUCKET: '', DATABASE_URL: '', DAILIES_HOME: join(home, 'data'), TEMP_DIR: join(home, 'temp'), PORT: String(port),
    DEMO: 'false', LOG_LEVEL: 'error', NODE_NO_WARNINGS: '1', ...settings,
  } // prettier-ignore
  const origin = `http://127.0.0.1:${port}`

  /** What a command answers, also one that ends with a failure. */
  async function cli<T>(...args: string[]): Promise<T> {
    const run = promisify(execFile)(process.execPath, ['dist/cli/main.js', '--json', ...args], { env: environment, maxBuffer: 1 << 24 })
    const stdout = await run.then((ended) => ended.stdout, (error: { readonly stdout: string }) => error.stdout)
    const lines = stdout.trim().split('\n')
    return JSON.parse(args[0] === 'ingest' ? (lines.at(-1) ?? '') : stdout) as T // what the command answers; of an ingest its last line
  }

  // Where the run breaks off; else nothing is left by then.
  process.once('exit', () => {
    endPostgres(join(home, 'data/postgres'))
    rmSync(home, { recursive: true, force: true })
  })
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'data/postgres') })
  let server: ChildProcess
  let isClosing = false
  const start = async () => {
    if (isClosing) throw new Error('the run is being broken off')
    server = await startBuilt(environment)
  }
  let starting = start()
  await starting
  const client = new pg.Client({ connectionString: postgres.url('postgres'), application_name: 'dailies:kill-test' })
  await client.connect()
  const { id: driveId } = await cli<{ id: string }>('drives', 'create', 'Kill')
  await cli('users', 'create', '--email', email, '--name', 'Kill')
  await cli('members', 'set', driveId, email, 'ADMIN')
  const { key } = await cli<{ key: string }>('keys', 'create', '--email', email, '--name', 'kill')

  return {
    home,
    temp: environment.TEMP_DIR,
    driveId,
    cli,
    serverPid: () => server.pid ?? 0,
    isAlive: () => server.exitCode === null && server.signalCode === null,
    rows: async <Row extends object>(statement: string, values: unknown[] = []) => (await client.query<Row>(statement, values)).rows,
    request: (method: string, path: string, body?: unknown) =>
      fetch(origin + path, { method, headers: { authorization: key, ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body: JSON.stringify(body) }), signal: AbortSignal.timeout(30_000) }),
    kill: () => server.kill('SIGKILL'),
    /**
     * After a kill, a start as some time later: the dead worker is not waited for. `isLastTry`: the jobs that it had under way have but one try left.
     * Times and counts are moved by hand, as no user can.
     */
    async restart({ isLastTry = false } = {}) {
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
      const aged = `interval '1 minute'`
      await client.query(`UPDATE worker_heartbeats SET seen_at = seen_at - ${aged}`)
      await client.query(`UPDATE asset_jobs SET updated_at = updated_at - ${aged} WHERE state IN ('NOT_STARTED', 'IN_PROGRESS')`)
      await client.query(`UPDATE graphile_worker._private_jobs SET locked_at = locked_at - ${aged}, attempts = CASE WHEN $1 THEN max_attempts - 1 ELSE attempts END WHERE locked_by IS NOT NULL`, [isLastTry])
      await (starting = start())
    },
    async close() {
      isClosing = true
      await starting.catch(() => undefined)
      await client.end()
      const gone = server.exitCode === null && server.signalCode === null ? once(server, 'exit') : undefined
      server.kill('SIGTERM')
      await gone
      await postgres.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

function endPostgres(dataDir: string) {
  try {
    process.kill(Number(readFileSync(join(dataDir, 'cluster/postmaster.pid'), 'utf8').split('\n')[0]), 'SIGQUIT')
  } catch {
    // It has ended.
  }
}
export type OpenInstallation = Awaited<ReturnType<typeof openInstallation>>
