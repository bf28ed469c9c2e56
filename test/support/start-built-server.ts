// Starts what `npm run build` made, once, as a deployment would: production, a database of its own, one process in every role.
//   node --import tsx test/support/start-built-server.ts
// It must be ready within a minute, answer, and end with 0 after SIGTERM.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'

const repository = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'dailies-built-'))
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), ephemeral: true })
try {
  const port = await freePort()
  const server = spawn(process.execPath, [join(repository, 'src/launch/start.mjs')], {
    cwd: folder, // where a relative path would be found out
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'production',
      DATABASE_URL: postgres.url('postgres'),
      SERVER_SECRET: 'the secret of this one start and no other',
      DAILIES_HOME: join(folder, 'home'),
      TEMP_DIR: join(folder, 'temp'),
      HOST: '127.0.0.1',
      PORT: String(port),
    },
  })
  const ended = once(server, 'exit')
  const from = performance.now()
  try {
    await readiness(server, `http://127.0.0.1:${port}/health/ready`)
    process.stdout.write(`ready after ${((performance.now() - from) / 1000).toFixed(1)} s\n`)
    await answers(`http://127.0.0.1:${port}/openapi.json`, 200)
    await answers(`http://127.0.0.1:${port}/me`, 401)
    server.kill('SIGTERM')
    const [code, signal] = (await Promise.race([ended, pause(60_000, ['nothing', 'a minute of waiting'], { ref: false })])) as unknown[] // the event's two arguments
    if (code !== 0) throw new Error(`After SIGTERM the server ended with ${String(code)} by ${String(signal)}`)
    process.stdout.write('ended with 0 after SIGTERM\n')
  } finally {
    server.kill('SIGKILL')
  }
} finally {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function readiness(server: ChildProcess, url: string) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (server.exitCode !== null || server.signalCode !== null) throw new Error(`The server ended with ${server.exitCode ?? server.signalCode} before it was ready`)
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.status === 200) return
    await pause(100)
  }
  throw new Error(`${url} did not answer 200 within a minute`)
}

async function answers(url: string, status: number) {
  const answer = await fetch(url)
  if (answer.status !== status) throw new Error(`${url} answered ${answer.status}, not ${status}: ${await answer.text()}`)
}

/** One that nobody listens on now; the next process asks for it at once. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return address.port
}
