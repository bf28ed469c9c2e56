/**
 * Clients upload, move, delete, restore and purge while server and Postgres are killed (-9) at random moments; then what was acknowledged is held against
 * what is there, and the object store against the tables.
 * Usage: npm run test:kill-assets [-- ROUNDS [SEED [s3]]]   (50 rounds; the built server is what runs; `s3` on the S3 server of the tests)
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { startS3Double } from '../support/s3-double.ts'
import { assetClient, type Doing, type Known } from './asset-client.ts'
import { killWithPostgres, randomFrom, startBuilt } from './killed-server.ts'

const rounds = Number(process.argv[2] ?? 50)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
const isOnS3 = process.argv[4] === 's3'
const clientCount = 6
const jobsLimitSeconds = 120
const port = 20_000 + (process.pid % 20_000)
const origin = `http://127.0.0.1:${port}`
const home = await mkdtemp(join(tmpdir(), 'dailies-kill-'))
const double = isOnS3 ? await startS3Double() : undefined
const bucket = double && { S3_BUCKET: double.bucket, S3_ENDPOINT: double.endpoint, S3_REGION: double.region, S3_ACCESS_KEY_ID: double.accessKeyId, S3_SECRET_ACCESS_KEY: double.secretAccessKey }
const environment = { ...process.env, S3_BUCKET: '', ...bucket, DAILIES_HOME: join(home, 'data'), TEMP_DIR: join(home, 'temp'), PORT: String(port), DEMO: 'false', LOG_LEVEL: 'error', DATABASE_URL: '', NODE_NO_WARNINGS: '1' }
const random = randomFrom(seed)

async function cli<T>(...args: string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/cli/main.js', '--json', ...args], { env: environment, maxBuffer: 1 << 24 })
  return JSON.parse(stdout) as T // what the command answers
}

interface Row {
  readonly id: string
  readonly path: string
  readonly is_in_trash: boolean
  readonly key: string
  readonly hash: string | null
}
const rowsOf = async (client: pg.Client, driveId: string) =>
  (
    await client.query<Row>(
      `SELECT a.id, a.directory || a.name AS path, a.deleted_at IS NOT NULL AS is_in_trash, o.key, encode(a.content_hash, 'hex') AS hash
       FROM assets a JOIN objects o ON o.drive_id = a.drive_id AND o.id = a.source_object_id WHERE a.drive_id = $1`,
      [driveId],
    )
  ).rows

async function pendingJobs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ n: string }>('SELECT count(*) AS n FROM graphile_worker.jobs WHERE attempts < max_attempts OR locked_by IS NOT NULL')
  return Number(rows[0]?.n)
}

const stored = async (key: string) => readFile(double ? (double.store.get(key)?.file ?? '') : join(home, 'data/objects', key)).catch(() => undefined)

/** What the clients were told, against the rows and the bytes. */
async function compare(known: readonly Known[], rows: readonly Row[]): Promise<string[]> {
  const faults: string[] = []
  const byId = new Map(rows.map((row) => [row.id, row]))
  for (const { id, hash, path, state } of known) {
    const row = byId.get(id)
    byId.delete(id)
    const is = row === undefined ? 'purged' : row.is_in_trash ? 'trash' : 'living'
    if (is !== state) faults.push(`${path} is ${is}, and was acknowledged as ${state}`)
    if (!row) continue
    if (row.path !== path) faults.push(`${path} is at ${row.path}`)
    const bytes = await stored(row.key)
    if (!bytes || createHash('sha256').update(bytes).digest('hex') !== hash) faults.push(`${path}: its source has ${bytes?.length ?? 'no'} bytes, or other ones`)
    if (state === 'living' && row.hash !== hash) faults.push(`${path}: its hash is ${row.hash}`)
  }
  for (const row of byId.values()) faults.push(`${row.path} is there, and nobody knows of it`)
  return faults
}

/** In turn, since uploads take the most time by far: else hardly a kill would hit the others. */
const aims: readonly Doing[] = ['upload', 'move', 'purge', 'delete', 'restore', 'purge', 'move']

/** Returns when a client is at it, or after some seconds in which none was. */
async function somebodyAt(aim: Doing) {
  const from = Date.now()
  while (Date.now() - from < 5000 && !clients.some((client) => client.doing() === aim)) await pause(0)
}

const began = Date.now()
console.log(`seed ${seed}, ${rounds} kills, ${clientCount} clients, ${isOnS3 ? 'S3' : 'disk'}`)
let server = await startBuilt(environment)
const email = 'kill@example.com'
const { id: driveId } = await cli<{ id: string }>('drives', 'create', 'Kill')
await cli('users', 'create', '--email', email, '--name', 'Kill')
await cli('members', 'set', driveId, email, 'ADMIN')
const { key } = await cli<{ key: string }>('keys', 'create', '--email', email, '--name', 'kill')

const still = await readFile('demo/stills/still.jpg')
const clients = Array.from({ length: clientCount }, (_, number) => assetClient({ origin, key, driveId }, { number, seed, still }))
const over = new AbortController()
const running = Promise.all(clients.map((client) => client.run(over.signal)))
const hit = new Map<Doing, number>()
for (let round = 1; round <= rounds; round += 1) {
  await pause(150 + random() * 1000)
  await somebodyAt(aims[round % aims.length] ?? 'upload')
  await pause(random() * 40) // its request, or the job that it ordered
  for (const client of clients) hit.set(client.doing(), (hit.get(client.doing()) ?? 0) + 1)
  await killWithPostgres(server, join(home, 'data'))
  server = await startBuilt(environment)
}
over.abort()
await running
const lastAnswer = Date.now()

const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'data/postgres') })
const client = new pg.Client({ connectionString: postgres.url('postgres'), application_name: 'dailies:kill-test' })
await client.connect()
while ((await pendingJobs(client)) > 0 && Date.now() - lastAnswer < jobsLimitSeconds * 1000) await pause(250)
const jobsSeconds = (Date.now() - lastAnswer) / 1000

const known = clients.flatMap((each) => each.known)
const faults = [...clients.flatMap((each) => each.faults), ...(await compare(known, await rowsOf(client, driveId)))]
const left = await pendingJobs(client)
if (left > 0) faults.push(`${left} jobs have not ended`)
const doctor = promisify(execFile)(process.execPath, ['dist/cli/main.js', '--json', 'doctor', '--objects', '--grace', '0'], { env: environment })
const found = await doctor.then(({ stdout }) => stdout, (error: { readonly stdout: string }) => error.stdout)
const objects = JSON.parse(found) as { agreeing: number; waiting: number; uploading: number; orphans: { count: number }; missing: { count: number } } // what doctor answers
if (objects.orphans.count > 0 || objects.missing.count > 0) faults.push(found)
await client.end()
await postgres.stop()
server.kill('SIGTERM')
await new Promise((done) => server.once('exit', done))
await double?.close()
await rm(home, { recursive: true, force: true })

for (const fault of faults) console.log(`  ${fault}`)
const count = (state: Known['state']) => known.filter((each) => each.state === state).length
console.log(`killed in the midst of ${[...hit].map(([doing, times]) => `${times} × ${doing}`).join(', ')}`)
console.log(`${known.length} uploads acknowledged, broken off ${clients.reduce((sum, each) => sum + each.breaks(), 0)} times: ${count('living')} living, ${count('trash')} in the trash, ${count('purged')} purged`)
console.log(`objects: ${objects.agreeing} agree, ${objects.waiting} wait for the sweep, ${objects.uploading} of uploads under way, ${objects.orphans.count} orphans, ${objects.missing.count} missing`)
console.log(`jobs ended ${jobsSeconds.toFixed(1)} s after the last answer, ${((Date.now() - began) / 1000).toFixed(0)} s in all`)
console.log(faults.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed')
process.exit(faults.length === 0 ? 0 : 1)
