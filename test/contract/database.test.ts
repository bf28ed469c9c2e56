import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobsMigration } from '../../src/db/migrate.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

const ours = `c.connamespace = 'public'::regnamespace`

test('every foreign key has an index that begins with its columns', async () => {
  // Without one, each DELETE of a parent row scans the whole child table.
  const { rows } = await api.pool.query<{ unindexed: string }>(`
    SELECT conrelid::regclass || '.' || conname AS unindexed
    FROM pg_constraint c
    WHERE contype = 'f' AND ${ours} AND NOT EXISTS (
      SELECT FROM pg_index i
      WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
        AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(c.conkey)] @> c.conkey)`)
  expect(rows.map((each) => each.unindexed)).toEqual([])
})

test('every table below a drive begins its primary key with drive_id', async () => {
  const { rows } = await api.pool.query<{ table: string; first: string }>(`
    SELECT c.conrelid::regclass::text AS table, first.attname AS first
    FROM pg_constraint c
    JOIN pg_attribute drive ON drive.attrelid = c.conrelid AND drive.attname = 'drive_id'
    JOIN pg_attribute first ON first.attrelid = c.conrelid AND first.attnum = c.conkey[1]
    WHERE c.contype = 'p' AND ${ours}`)
  expect(rows.length).toBeGreaterThanOrEqual(7)
  expect(rows.filter((each) => each.first !== 'drive_id')).toEqual([])
})

test('no foreign key between tables below a drive leaves the drive out', async () => {
  const { rows } = await api.pool.query<{ crossing: string }>(`
    SELECT c.conrelid::regclass || '.' || conname AS crossing
    FROM pg_constraint c
    JOIN pg_attribute drive ON drive.attrelid = c.conrelid AND drive.attname = 'drive_id'
    JOIN pg_attribute theirs ON theirs.attrelid = c.confrelid AND theirs.attname = 'drive_id'
    WHERE c.contype = 'f' AND ${ours} AND NOT (drive.attnum = ANY (c.conkey) AND theirs.attnum = ANY (c.confkey))`)
  expect(rows.map((each) => each.crossing)).toEqual([])
})

test('every constraint of ours that a caller could run into has a name of ours', async () => {
  const { rows } = await api.pool.query<{ name: string }>(`SELECT conname AS name FROM pg_constraint c WHERE contype = 'c' AND ${ours} AND conname ~ '_check\\d*$'`)
  expect(rows).toEqual([])
})

test('the graphile-worker migration that src/db/migrate.ts waits for is the newest of the package', async () => {
  const { rows } = await api.pool.query<{ newest: number }>('SELECT max(id) AS newest FROM graphile_worker.migrations')
  expect(rows[0]?.newest).toBe(jobsMigration)
})

test('the view of living assets has the table’s columns, in its order', async () => {
  const columns = async (relation: string) =>
    (await api.pool.query<{ name: string }>(`SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, [relation])).rows.map((row) => row.name)
  expect(await columns('living_assets')).toEqual(await columns('assets'))
})
