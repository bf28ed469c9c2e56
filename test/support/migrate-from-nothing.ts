// Brings an empty database up to date, on the embedded PostgreSQL or on the one whose programs lie in the folder given:
//   node --import tsx test/support/migrate-from-nothing.ts [/usr/lib/postgresql/15/bin]
// Then once more, which must change nothing, and asks drizzle-kit whether the migrations give what src/db/schema says.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import drizzleConfig from '../../drizzle.config.ts'
import { migrate } from '../../src/db/migrate.ts'
import { accountFor } from '../../src/embedded/postgres-account.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'

interface Server {
  readonly url: string
  readonly stop: () => Promise<void>
}

const repository = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'dailies-migrate-'))
const programs = process.argv[2]
const server = programs ? await startInstalled(programs) : await startEmbedded()
try {
  await migrate(server.url)
  const first = await catalogOf(server.url)
  await migrate(server.url)
  const second = await catalogOf(server.url)
  if (JSON.stringify(first) !== JSON.stringify(second)) throw new Error('A second run of the migrations changed something')
  process.stdout.write(`${first.version}: ${first.relations.length} tables, views and indexes of ours from nothing, and the same again\n`)
  refuseDrift()
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function startEmbedded(): Promise<Server> {
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'embedded'), ephemeral: true })
  return { url: postgres.url('postgres'), stop: postgres.stop }
}

async function startInstalled(bin: string): Promise<Server> {
  const account = accountFor(folder)
  const data = join(folder, 'installed')
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', TZ: 'UTC' }
  account.own(folder)
  const [initdb, initArgs] = account.command(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'])
  const made = spawnSync(initdb, initArgs, { env, cwd: '/', encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${folder}`, '-c', 'fsync=off', '-c', 'log_min_messages=fatal']
  const [program, args] = account.command(join(bin, 'postgres'), ['-D', data, ...settings])
  const child = spawn(program, args, { env, cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((done) => child.once('close', done))
  const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`
  await answering(url)
  return {
    url,
    stop: async () => {
      child.kill('SIGINT')
      await ended
    },
  }
}

async function answering(url: string) {
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client(url)
    const error: unknown = await client.connect().then(() => undefined, (reason: unknown) => reason)
    await client.end().catch(() => undefined)
    if (!error) return
    if (tries === 200) throw error
    await pause(50)
  }
}

async function catalogOf(url: string) {
  const client = new pg.Client(url)
  await client.connect()
  const { rows: relations } = await client.query<{ name: string; kind: string }>(
    `SELECT relname AS name, relkind AS kind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname`,
  )
  const { rows } = await client.query<{ version: string; applied: string }>(
    `SELECT 'PostgreSQL ' || current_setting('server_version') AS version, (SELECT count(*) FROM drizzle.__drizzle_migrations) AS applied`,
  )
  await client.end()
  if (relations.length === 0) throw new Error('The migrations made nothing')
  return { version: rows[0]?.version ?? '', applied: rows[0]?.applied, relations }
}

/** drizzle-kit compares the schema with its last snapshot, and would write a migration for the difference: into a copy. */
function refuseDrift() {
  const out = join(folder, 'migrations')
  cpSync(join(repository, 'migrations'), out, { recursive: true })
  const flags = [`--dialect=${drizzleConfig.dialect}`, `--out=${relative(repository, out)}`]
  drizzleKit('check', ...flags)
  const casing = drizzleConfig.casing ? [`--casing=${drizzleConfig.casing}`] : []
  const said = drizzleKit('generate', ...flags, `--schema=${String(drizzleConfig.schema)}`, ...casing)
  const added = readdirSync(out).filter((name) => !readdirSync(join(repository, 'migrations')).includes(name))
  if (added.length > 0 || !/No schema changes/.test(said)) throw new Error(`The schema has no migration yet (npm run migrations): ${added.join(', ')}\n${said}`)
  process.stdout.write('drizzle-kit finds the schema and the migrations alike\n')
}

function drizzleKit(...args: string[]): string {
  const program = join(repository, 'node_modules', 'drizzle-kit', 'bin.cjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: repository, encoding: 'utf8', input: '' })
  if (status !== 0) throw new Error(`drizzle-kit ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`)
  return stdout
}
