import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { openPool } from '../../src/db/client.ts'

/** Where the run's own PostgreSQL listens; `global-setup.ts` starts it and provides this. */
declare module 'vitest' {
  interface ProvidedContext {
    readonly databaseServer: string
  }
}
export const template = 'template_migrated'
export const databaseUrl = (server: string, name: string) => Object.assign(new URL(server), { pathname: `/${name}` }).href

export interface FileDatabase {
  readonly url: string
  /** For the app under test. */
  readonly pool: pg.Pool
  /** Another pool on the same database, for tests of real concurrency. */
  readonly morePool: (connections?: number) => pg.Pool
  /** Ends all pools, and the database with them. */
  readonly drop: () => Promise<void>
}

/** A database of one test file's own, copied from the migrated template: files run in parallel and do not meet. */
export async function openFileDatabase({ connections = 1 } = {}): Promise<FileDatabase> {
  const server = inject('databaseServer')
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`
  await onServer(server, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`)
  const url = databaseUrl(server, name)
  const pools: pg.Pool[] = []
  const morePool = (max = 5) => {
    // A query that goes past its transaction to a pool of one waits for itself, and after this time the test says so.
    const pool = openPool({ url, max })
    pools.push(pool)
    return pool
  }
  return {
    url,
    pool: morePool(connections),
    morePool,
    async drop() {
      await Promise.all(pools.filter((pool) => !pool.ended).map((pool) => pool.end()))
      await onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

/** An empty database on the run's server; for tests of migrations and of whole processes. */
export async function openEmptyDatabase(): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  const server = inject('databaseServer')
  const name = `empty_${process.pid}_${randomBytes(6).toString('hex')}`
  await onServer(server, `CREATE DATABASE ${name}`)
  return { url: databaseUrl(server, name), drop: () => onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

export async function onServer(server: string, statement: string): Promise<void> {
  const client = new pg.Client(server)
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
