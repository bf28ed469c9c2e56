import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'

const lock = 7_203_418_861n // any number that no other program takes on this database

/** Brings a database up to date, and does nothing on one that is. Two processes that start together take turns. */
export async function migrate(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, application_name: `dailies:${process.pid}`, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lock])
    await migrateJobs(client, connectionString)
    await applyMigrations(drizzle({ client }), { migrationsFolder: migrationsFolder() })
  } finally {
    await client.end() // gives the lock back too
  }
}

/** The newest migration that this release of graphile-worker brings; a test holds it against the package. */
export const jobsMigration = 19

/** graphile-worker is loaded only when its tables are behind: an API process never needs it in memory. */
async function migrateJobs(client: pg.Client, connectionString: string) {
  const { rows: found } = await client.query<{ known: boolean }>(`SELECT to_regclass('graphile_worker.migrations') IS NOT NULL AS known`)
  if (found[0]?.known) {
    const { rows } = await client.query<{ newest: number }>('SELECT max(id) AS newest FROM graphile_worker.migrations')
    if ((rows[0]?.newest ?? 0) >= jobsMigration) return
  }
  const { runMigrations } = await import('graphile-worker')
  await runMigrations({ connectionString })
}

function migrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'migrations', 'meta', '_journal.json'))) {
    const above = dirname(folder)
    if (above === folder) throw new Error('The migrations folder is missing from this installation')
    folder = above
  }
  return join(folder, 'migrations')
}
