import type { Duplex } from 'node:stream'
import type { ExtractTablesWithRelations, SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import pg, { type Pool, type PoolConfig } from 'pg'
import * as schema from './schema/index.ts'

/** The pool or one transaction; a repository cannot tell which, and must not need to. */
export type Executor = PgDatabase<PgQueryResultHKT, typeof schema, ExtractTablesWithRelations<typeof schema>>

export const connect = (pool: Pool): Executor => drizzle({ client: pool, schema, casing: 'snake_case' })

/** What `execute` answers: the executor is typed for any driver, and ours is pg. */
interface Answer<Row> {
  readonly rows: readonly Row[]
  readonly rowCount: number
}

/** The rows of a statement written in SQL, which the compiler cannot look into: `Row` says what its columns come as. */
export const rowsOf = async <Row>(db: Executor, statement: SQL) => ((await db.execute(statement)) as unknown as Answer<Row>).rows // as above

/** How many rows a statement written in SQL changed or answered. */
export const rowCountOf = async (db: Executor, statement: SQL) => ((await db.execute(statement)) as unknown as Answer<unknown>).rowCount // as above

/** For what only wants the routes (the API description, the guard tests): any query on it throws. */
export const unconnected = (): Executor => drizzle.mock({ schema, casing: 'snake_case' })

export interface PoolOptions {
  readonly url: string
  readonly max: number
  /** False behind a pooler that hands each transaction to another server process: prepared statements would be lost there. */
  readonly prepared?: boolean
  /** When a statement is ended; the server is asked to, and a server that is frozen is left two seconds later. */
  readonly limitMs?: number
}

/**
 * Sends statements without a name where names are lost; and leaves a connection on which one got no answer in time: what came after it in
 * a transaction, its ROLLBACK too, would be dropped, and the next user of the connection would write into the open transaction.
 */
const clientClass = (prepared: boolean) =>
  class extends pg.Client {
    override query = ((config: unknown, ...rest: unknown[]) => {
      const sent = !prepared && typeof config === 'object' && config !== null && 'name' in config ? { ...config, name: undefined } : config
      const answer = (super.query as (...args: unknown[]) => unknown).call(this, sent, ...rest)
      if (answer instanceof Promise) answer.catch((error: unknown) => (error instanceof Error && error.message === 'Query read timeout' ? streamOf(this)?.destroy() : undefined))
      return answer
    }) as pg.Client['query'] // the overloads of `query` cannot be written as one function
  }

/** pg gives no public way to drop a connection at once; `end()` would wait for the answer that does not come. */
const streamOf = (client: pg.Client) => (client as unknown as { readonly connection?: { readonly stream?: Duplex } }).connection?.stream

/** A pool that survives losing its connections. */
export function openPool({ url, max, prepared = true, limitMs = 8000 }: PoolOptions): Pool {
  const config: PoolConfig = {
    connectionString: url,
    max,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    statement_timeout: limitMs,
    query_timeout: limitMs + 2000,
    application_name: `dailies:${process.pid}`,
    Client: clientClass(prepared),
  }
  const lost = () => undefined // the next query opens another connection
  return new pg.Pool(config).on('error', lost).on('connect', (client) => void client.on('error', lost))
}

/** The name of the constraint that a statement ran into; repositories translate by it. */
export function violatedConstraint(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('constraint' in at && typeof at.constraint === 'string') return at.constraint
  }
  return undefined
}
