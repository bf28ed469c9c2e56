/**
 * Ingests 50 files while server and Postgres are killed (-9) at random moments, then holds what is there against the files.
 * Usage: npm run test:kill [-- ROUNDS [SEED]]   (20 rounds; the built server is what runs)
 */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { killWithPostgres, randomFrom, startBuilt } from './killed-server.ts'

const rounds = Number(process.argv[2] ?? 20)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
const jobsLimitSeconds = 60
const paddingMiB = 20 // so that sending takes long enough to be hit
const port = 20_000 + (process.pid % 20_000)
const home = await mkdtemp(join(tmpdir(), 'dailies-kill-'))
const films = join(home, 'films')
const random = randomFrom(seed)
const environment = { ...process.env, DAILIES_HOME: join(home, 'data'), TEMP_DIR: join(home, 'temp'), PORT: String(port), DEMO: 'false', LOG_LEVEL: 'error', DATABASE_URL: '', S3_BUCKET: '' }

interface MadeFile {
  readonly name: string
  readonly hash: string
}

/** Films, stills, sound and text, each of its own content: MP4 by a `free` box at the end, the others by bytes that their readers pass over. */
async function makeFiles(): Promise<MadeFile[]> {
  await mkdir(films)
  const sources = [...Array<string>(12).fill('spots/spot_v1.mp4'), ...Array<string>(20).fill('stills/still.jpg'), ...Array<string>(8).fill('audio/atmo.wav'), ...Array<string>(10).fill('interviews/interview.vtt')]
  return Promise.all(
    sources.map(async (source, index) => {
      const padding = Buffer.alloc(paddingMiB << 20, `filler ${index} `)
      const boxSize = Buffer.alloc(4)
      boxSize.writeUInt32BE(padding.length + 8)
      const box = Buffer.concat([boxSize, Buffer.from('free'), padding])
      const bytes = Buffer.concat([await readFile(join('demo', source)), source.endsWith('.mp4') ? box : padding])
      const name = `file_${String(index).padStart(2, '0')}.${source.split('.').at(-1)}`
      await writeFile(join(films, name), bytes)
      return { name, hash: createHash('sha256').update(bytes).digest('hex') }
    }),
  )
}

const cli = async (...args: string[]) => (await promisify(execFile)(process.execPath, ['dist/cli/main.js', '--json', ...args], { env: environment, maxBuffer: 1 << 24 })).stdout

/** Runs in the background; answers its exit code at the end. */
function ingest(driveId: string) {
  const child = spawn(process.execPath, ['dist/cli/main.js', '--json', 'ingest', `${films}/`, '--drive', driveId], { env: environment, stdio: 'ignore' })
  const ended = new Promise<number>((done) => child.once('exit', (code) => done(code ?? 1)))
  return { ended, isRunning: () => child.exitCode === null && child.signalCode === null }
}

interface Row {
  readonly name: string
  readonly key: string
  readonly size_bytes: string
  readonly jobs: Record<string, string>
  readonly objects: readonly string[]
}

async function rowsOf(client: pg.Client, driveId: string): Promise<Row[]> {
  const { rows } = await client.query<Row>(
    `SELECT a.name, o.key, a.size_bytes,
       (SELECT json_object_agg(j.name, j.state) FROM asset_jobs j WHERE j.drive_id = a.drive_id AND j.asset_id = a.id) AS jobs,
       ARRAY(SELECT key FROM objects x WHERE x.drive_id = a.drive_id AND x.reference_count > 0 AND x.key LIKE 'drives/' || a.drive_id || '/assets/' || a.id || '/%') AS objects
     FROM living_assets a JOIN objects o ON o.drive_id = a.drive_id AND o.id = a.source_object_id WHERE a.drive_id = $1 ORDER BY a.name`,
    [driveId],
  )
  return rows
}

const worked = ['metadata', 'preview', 'proxy', 'audio_proxy']
const hasEnded = (row: Row) => worked.every((name) => ['COMPLETED', 'FAILED'].includes(row.jobs?.[name] ?? ''))

const began = Date.now()
console.log(`seed ${seed}, ${rounds} kills`)
const files = await makeFiles()
let server = await startBuilt(environment)
const { id: driveId } = JSON.parse(await cli('drives', 'create', 'Kill')) as { id: string }
let run = ingest(driveId)
let duringIngest = 0
for (let round = 1; round <= rounds; round += 1) {
  await pause(200 + random() * 2500)
  if (run.isRunning()) duringIngest += 1
  await killWithPostgres(server, join(home, 'data'))
  server = await startBuilt(environment)
  if (!run.isRunning()) run = ingest(driveId)
}
let code = await run.ended
for (let again = 0; code !== 0 && again < 3; again += 1) code = await ingest(driveId).ended
const uploaded = Date.now()

const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'data/postgres') })
const client = new pg.Client({ connectionString: postgres.url('postgres'), application_name: 'dailies:kill-test' })
await client.connect()
let rows = await rowsOf(client, driveId)
while (!rows.every(hasEnded) && Date.now() - uploaded < jobsLimitSeconds * 1000) {
  await pause(250)
  rows = await rowsOf(client, driveId)
}
const jobsSeconds = (Date.now() - uploaded) / 1000

const faults: string[] = []
if (code !== 0) faults.push(`the ingest ended with ${code}`)
if (rows.map((row) => row.name).join() !== files.map((file) => file.name).join()) faults.push(`there are ${rows.length} assets: ${rows.map((row) => row.name).join(' ')}`)
for (const row of rows) {
  const bytes = await readFile(join(home, 'data/objects', row.key)).catch(() => Buffer.alloc(0))
  const hash = createHash('sha256').update(bytes).digest('hex')
  if (hash !== files.find((file) => file.name === row.name)?.hash) faults.push(`${row.name}: ${bytes.length} of ${row.size_bytes} bytes, or other ones`)
  for (const name of worked) if (row.jobs?.[name] !== 'COMPLETED') faults.push(`${row.name}: ${name} is ${row.jobs?.[name] ?? 'absent'}`)
  for (const key of row.objects) await readFile(join(home, 'data/objects', key)).catch(() => faults.push(`${row.name}: ${key} is missing`))
}
await client.end()
await postgres.stop()
server.kill('SIGTERM')
await new Promise((done) => server.once('exit', done))
await rm(home, { recursive: true, force: true })

for (const fault of faults) console.log(`  ${fault}`)
console.log(`${rounds} kills (${duringIngest} while files were sent), ${rows.length} of ${files.length} files there once and whole, jobs ended ${jobsSeconds.toFixed(1)} s after the last file, ${((Date.now() - began) / 1000).toFixed(0)} s in all`)
console.log(faults.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed')
process.exit(faults.length === 0 ? 0 : 1)
