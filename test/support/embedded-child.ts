// Run by embedded-process.ts: starts or adopts the embedded PostgreSQL, writes one row after the other until it is told to stop
// (SIGTERM), and prints each number once it is committed. Ctrl-C (SIGINT) does not stop it, so that a test sees whom else it reaches.
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'

let going = true
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => (going = false))
const [, , dataDir = '', kind] = process.argv
const postgres = await startEmbeddedPostgres({ dataDir, ephemeral: kind === 'ephemeral' })
const url = postgres.url('postgres')
const pool = new pg.Pool({ connectionString: url, max: 2 }).on('error', () => undefined)
await pool.query('CREATE TABLE IF NOT EXISTS written (writer int, n int, PRIMARY KEY (writer, n))').catch((error: unknown) => {
  if (!(error instanceof pg.DatabaseError)) throw error // two that create it at once: one gets a unique violation
})
process.stdout.write(`ready ${postgres.adopted ? 'adopted' : 'started'} ${url}\n`)

for (let n = 1; going; n += 1) {
  await pool.query('INSERT INTO written VALUES ($1, $2)', [process.pid, n])
  process.stdout.write(`${n}\n`)
  await new Promise((done) => setTimeout(done, 5))
}
await pool.end()
await postgres.stop()
