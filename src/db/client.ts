import type { ExtractTablesWithRelations } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import pg, { type Pool, type PoolConfig } from 'pg'
import * as schema from './schema/index.ts'

/** The pool or one transaction; a repository cannot tell which, and must not need to. */
export type Executor = PgDatabase<PgQueryResultHKT, typeof schema, ExtractTablesWithRelations<typeof schema>>

export const connect = (pool: Pool): Executor => drizzle({ client: pool, schema, casing: 'snake_case' })

/** For what only wants the routes (the API description, the guard tests): any query on it throws. */
export const unconnected = (): Executor => drizzle.mock({ schema, casing: 'snake_case' })

/** Behind a pooler that hands each transaction to another server process, prepared statements are lost: send them without a name. */
class UnnamedClient extends pg.Client {
  override query = ((config: unknown, ...rest: unknown[]) => {
    const unnamed = typeof config === 'object' && config !== null && 'name' in config ? { ...config, name: undefined } : config
    return (super.query as (...args: unknown[]) => unknown).call(this, unnamed, ...rest)
  }) as pg.Client['query'] // the overloads of `query` cannot be written as one function
}

export interface PoolOptions {
  readonly url: string
  readonly max: number
  readonly prepared?: boolean
}

/** A pool that survives losing its idle connections; a statement of ours that takes a minute is a fault, and ends. */
export function openPool({ url, max, prepared = true }: PoolOptions): Pool {
  const config: PoolConfig = {
    connectionString: url,
    max,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 60_000,
    query_timeout: 10_000, // on our side: a server that is frozen keeps to no limit of its own
    application_name: `dailies:${process.pid}`,
    ...(!prepared && { Client: UnnamedClient }),
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
