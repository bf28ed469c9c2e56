/**
 * How fast a folder of 100,000 assets lists in pages: over HTTP, the first page and the last, beside the page's own statement on a plain pg client with
 * JSON.stringify of its rows. Usage: npm run bench:folder   (ASSETS=100000 ROUNDS=60 LIMIT=200)
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { localScope } from '../../src/access/local-scope.ts'
import { createAssetRepository } from '../../src/assets/assets.repository.ts'
import { connect, openPool } from '../../src/db/client.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { manyAssets } from '../../test/support/many-assets.ts'

const [count, rounds, limit] = [Number(process.env['ASSETS'] ?? 100_000), Number(process.env['ROUNDS'] ?? 60), Number(process.env['LIMIT'] ?? 200)]
const folder = mkdtempSync(join(tmpdir(), 'dailies-folder-'))
const port = 20_000 + (process.pid % 20_000)
const env = { ...process.env, DATABASE_URL: '', S3_BUCKET: '', DAILIES_HOME: join(folder, 'home'), TEMP_DIR: join(folder, 'temp'), PORT: String(port), ROLE: 'api', DEMO: 'false', NODE_ENV: 'production' }
const run = (...args: string[]) => execFileSync(process.execPath, ['dist/cli/main.js', ...args, '--json'], { env, encoding: 'utf8' })
const answered = (text: string) => JSON.parse(text) as { readonly id: string; readonly key?: string } // what the command line answers
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN

interface Sent {
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}

/** The statement of one page, as it reaches Postgres. */
async function statementOf(work: () => Promise<unknown>): Promise<Sent> {
  const send = pg.Client.prototype.query
  let heard: Sent | undefined
  pg.Client.prototype.query = function listening(this: pg.Client, ...args: unknown[]) {
    const [first, second] = args
    heard = typeof first === 'string' ? { text: first } : { ...(first as Sent), ...(Array.isArray(second) ? { values: second } : {}) } // pg takes either form
    return (send as (...all: unknown[]) => unknown).apply(this, args)
  } as typeof send
  await work().finally(() => (pg.Client.prototype.query = send))
  if (!heard) throw new Error('Nothing was sent')
  return heard
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

mkdirSync(join(folder, 'home'))
const server = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
await new Promise<void>((ready) => server.stdout.on('data', (text: Buffer) => (String(text).includes('ready') ? ready() : undefined)))
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'home', 'postgres') })
const pool = openPool({ url: postgres.url('postgres'), max: 2, limitMs: 300_000 })
try {
  run('users', 'create', '--email', 'ana@example.com', '--name', 'Ana Diaz')
  const { key = '' } = answered(run('keys', 'create', '--email', 'ana@example.com', '--name', 'bench'))
  const { id: driveId } = answered(run('drives', 'create', 'Bench'))
  run('members', 'set', driveId, 'ana@example.com', 'VIEWER')
  await manyAssets(pool, { driveId, directory: '/many/', count })
  await pool.query(`INSERT INTO asset_jobs (drive_id, asset_id, name, state, created_at, updated_at) SELECT drive_id, id, job, 'COMPLETED', now(), now() FROM assets, unnest('{metadata,preview,proxy,audio_proxy,facial_recognition}'::text[]) AS job`)
  await pool.query(`INSERT INTO previews (drive_id, id, asset_id, object_id, frame, width, height) SELECT drive_id, gen_random_uuid(), id, source_object_id, frame, 512, 288 FROM assets, generate_series(0, 700, 100) AS frame`)
  await pool.query('VACUUM ANALYZE')

  const ask = (cursor?: string) =>
    fetch(`http://127.0.0.1:${port}/workspaces/drives/${driveId}/assets?path=/many&limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, { headers: { authorization: key } })
  const get = async (cursor?: string) => (await (await ask(cursor)).json()) as { readonly items: readonly { readonly name: string }[]; readonly next_cursor: string | null }
  const from = performance.now()
  let [cursor, last, listed]: [string | null, string | undefined, number] = [null, undefined, 0]
  do {
    last = cursor ?? undefined
    const page = await get(last)
    listed += page.items.length
    cursor = page.next_cursor
  } while (cursor !== null)
  if (listed !== count) throw new Error(`${listed} of ${count} assets were listed`)
  const walkSeconds = (performance.now() - from) / 1000

  const repository = createAssetRepository(connect(pool))
  const statement = async (name: string | undefined) => statementOf(() => repository.list(localScope(driveId), { directory: '/many/', recursive: false, after: name === undefined ? undefined : { directory: '/many/', name }, limit: limit + 1 }))
  const nameBefore = `n${String(count - limit).padStart(6, '0')}.mov`
  console.log(`node ${process.version}; ${count} assets with 8 previews and 5 jobs, pages of ${limit}, medians of ${rounds}\n| page | HTTP | its statement, rows as JSON | ratio |\n|---|---|---|---|`)
  for (const [what, name, at] of [['first', undefined, undefined], ['last', nameBefore, last]] as const) {
    const sent = await statement(name)
    const bare = async () => JSON.stringify((await pool.query({ ...sent, name: `bare_${what}` })).rows)
    const times: { readonly http: number[]; readonly bare: number[] } = { http: [], bare: [] }
    for (let round = 0; round < rounds; round += 1) {
      times.http.push(await millisecondsOf(async () => (await ask(at)).arrayBuffer()))
      times.bare.push(await millisecondsOf(bare))
    }
    const [http, floor] = [median(times.http), median(times.bare)]
    console.log(`| ${what} | ${http.toFixed(1)} ms | ${floor.toFixed(1)} ms | ${(http / floor).toFixed(2)} |`)
  }
  console.log(`\nAll ${count} in pages of ${limit}: ${walkSeconds.toFixed(1)} s`)
} finally {
  await pool.end()
  await postgres.stop()
  await new Promise((done) => (server.once('exit', done), server.kill('SIGTERM')))
  rmSync(folder, { recursive: true, force: true })
}
