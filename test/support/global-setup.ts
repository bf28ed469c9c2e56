import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../src/db/migrate.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { databaseUrl, onServer, template } from './database.ts'

/** One PostgreSQL for the run; the real migrations once, into a database that every test file then copies. */
export default async function prepareTemplate(project: TestProject) {
  const postgres = await startEmbeddedPostgres({ dataDir: await mkdtemp(join(tmpdir(), 'dailies-pg-')), ephemeral: true })
  try {
    const server = postgres.url('postgres')
    await onServer(server, `CREATE DATABASE ${template}`)
    await migrate(databaseUrl(server, template))
    await onServer(server, `ALTER DATABASE ${template} ALLOW_CONNECTIONS false`) // a visitor would make every copy wait
    project.provide('databaseServer', server)
  } catch (error) {
    await postgres.stop()
    throw error
  }
  return () => postgres.stop()
}
