import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAccessRepository } from '../../src/access/access.repository.ts'
import { connect, openPool } from '../../src/db/client.ts'
import { translateDatabaseError } from '../../src/db/database-errors.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

test('statement names can be left out, for a pooler that loses prepared statements', async () => {
  const named = async (prepared: boolean) => {
    const pool = openPool({ url: api.url, max: 1, prepared })
    const access = createAccessRepository(connect(pool))
    expect(await access.roleOf('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000')).toBeUndefined()
    const { rows } = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM pg_prepared_statements')
    await pool.end()
    return rows[0]?.n
  }
  expect([await named(true), await named(false)]).toEqual([1, 0])
})

test('a database that is away is told from a fault of ours', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-away-'))
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), ephemeral: true })
  const pool = openPool({ url: postgres.url('postgres'), max: 2 })
  await pool.query('SELECT 1')
  const during = pool.query('SELECT pg_sleep(10)').catch((error: unknown) => error)
  await postgres.stop()
  for (const error of [await during, await pool.query('SELECT 1').catch((refused: unknown) => refused)])
    expect(translateDatabaseError(error)).toMatchObject({ code: 'unavailable', retryAfterSeconds: 5 })
  expect(translateDatabaseError(new Error('something else'))).toBeUndefined()
  expect(translateDatabaseError(await api.pool.query('SELECT nonsense').catch((error: unknown) => error))).toBeUndefined()
  await pool.end()
  await rm(folder, { recursive: true, force: true })
})
