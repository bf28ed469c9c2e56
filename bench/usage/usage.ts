/**
 * What counting costs: 16 clients make and change assets in ONE drive, with the triggers that append usage, and without, in turn.
 * Then how long usage takes to read on a drive of a million assets. Usage: npm run bench:usage [-- ROUNDS [SECONDS [ASSETS]]]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { v7 as uuidv7 } from 'uuid'
import { localScope } from '../../src/access/local-scope.ts'
import { connect, openPool } from '../../src/db/client.ts'
import { migrate } from '../../src/db/migrate.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createUsageRepository } from '../../src/features/usage/usage.repository.ts'

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 5)
const clients = 16
const filled = Number(process.argv[4] ?? 1_000_000)
const firstDay = new Date(Date.now() - 29 * 86_400_000).toISOString().slice(0, 10)

const folder = await mkdtemp(join(tmpdir(), 'dailies-usage-'))
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') }) // as it runs for people, every commit on the disk
const url = postgres.url('postgres')
await migrate(url)
const pool = openPool({ url, max: clients + 2, limitMs: 120_000 })
const usage = createUsageRepository(connect(pool))

async function drive(): Promise<string> {
  const id = uuidv7()
  await pool.query('INSERT INTO drives (id, name, created_at, updated_at) VALUES ($1, $2, now(), now())', [id, 'Bench'])
  return id
}

/** As an upload and its inspection write: object and asset in one transaction, what was found in another. One in ten is not what its name said. */
async function makeAsset(driveId: string) {
  const [id, objectId] = [uuidv7(), uuidv7()]
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query({
      name: 'object',
      text: `INSERT INTO objects (drive_id, id, kind, key, state, size_bytes, content_type, reference_count, created_at) VALUES ($1, $2, 'source', $3, 'stored', 1000, 'video/mp4', 1, now())`,
      values: [driveId, objectId, `drives/${driveId}/assets/${id}/source`],
    })
    await client.query({
      name: 'asset',
      text: `INSERT INTO assets (drive_id, id, directory, name, extension, type, source_object_id, size_bytes, content_type, created_at, updated_at, placed_at)
             VALUES ($1, $2, '/', $3, 'mp4', 'VIDEO', $4, 1000, 'video/mp4', now(), now(), now())`,
      values: [driveId, id, `${id}.mp4`, objectId],
    })
    await client.query('COMMIT')
    await client.query({ name: 'inspected', text: `UPDATE assets SET type = $3, version = version + 1, updated_at = now() WHERE drive_id = $1 AND id = $2`, values: [driveId, id, Math.random() < 0.1 ? 'AUDIO' : 'VIDEO'] })
  } finally {
    client.release()
  }
}

const setCounting = async (isCounted: boolean) => {
  for (const table of ['assets', 'objects']) await pool.query(`ALTER TABLE ${table} ${isCounted ? 'ENABLE' : 'DISABLE'} TRIGGER USER`)
}

/** Assets a second. As much is folded as is written, which is what a server that runs on has to bear. */
async function round(driveId: string, isCounted: boolean): Promise<number> {
  await setCounting(isCounted)
  const from = performance.now()
  const until = from + seconds * 1000
  let made = 0
  const client = async () => {
    for (; performance.now() < until; made += 1) await makeAsset(driveId)
  }
  const folding = async () => {
    while (performance.now() < until) {
      while ((await usage.fold(5000, firstDay)) === 5000);
      await pause(500)
    }
  }
  await Promise.all([...Array.from({ length: clients }, client), isCounted ? folding() : undefined])
  return made / ((performance.now() - from) / 1000)
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

async function milliseconds(work: () => Promise<unknown>, times = 20): Promise<number> {
  const taken: number[] = []
  for (let n = 0; n < times; n += 1) {
    const from = performance.now()
    await work()
    taken.push(performance.now() - from)
  }
  return median(taken)
}

async function fillDrive(): Promise<string> {
  const driveId = await drive()
  const batch = 10_000
  for (let from = 0; from < filled; from += batch) {
    await pool.query(
      `WITH made AS (
         INSERT INTO objects (drive_id, id, kind, key, state, size_bytes, content_type, reference_count, created_at)
         SELECT $1, gen_random_uuid(), 'source', 'bench/' || n, 'stored', n, 'x/x', 1, now() FROM generate_series($2::int, $3::int) n RETURNING id, size_bytes)
       INSERT INTO assets (drive_id, id, directory, name, extension, type, source_object_id, size_bytes, content_type, created_at, updated_at, placed_at)
       SELECT $1, gen_random_uuid(), '/', size_bytes || '.x', (ARRAY['mov', 'mp4', 'jpg', 'wav', 'txt'])[size_bytes % 5 + 1], 'VIDEO', id, size_bytes, 'x/x', now() - make_interval(hours => (size_bytes % 2000)::int), now(), now() FROM made`,
      [driveId, from, from + batch - 1],
    )
    if (from + 2 * batch < filled) await usage.fold(2 * batch, firstDay) // the last are left, as after a busy minute
  }
  return driveId
}

try {
  const driveId = await drive()
  const [counted, bare]: [number[], number[]] = [[], []]
  await round(driveId, true) // warms up
  for (let n = 1; n <= rounds; n += 1) {
    bare.push(await round(driveId, false))
    counted.push(await round(driveId, true))
  }
  const ratio = median(counted) / median(bare)
  const big = await fillDrive()
  const read = () => usage.of(localScope(big), firstDay)
  const unfolded = Number((await pool.query<{ n: string }>('SELECT count(*) AS n FROM usage_deltas WHERE drive_id = $1', [big])).rows[0]?.n)
  const before = await milliseconds(read)
  while ((await usage.fold(5000, firstDay)) > 0);
  const after = await milliseconds(read)
  const count = await milliseconds(() => pool.query('SELECT type, extension, count(*), sum(size_bytes) FROM living_assets WHERE drive_id = $1 GROUP BY 1, 2', [big]), 3)
  console.log(
    [
      `node ${process.version}, ${rounds} rounds of ${seconds} s each, ${clients} clients on one drive, medians`,
      '| what | measured | wanted |',
      '|---|---|---|',
      `| assets made and changed a second, without usage | ${median(bare).toFixed(0)} | |`,
      `| the same, with usage | ${median(counted).toFixed(0)} | |`,
      `| ratio | ${ratio.toFixed(2)} | ≥ 0.80 |`,
      `| reading usage of ${filled} assets, ${unfolded} changes not folded | ${before.toFixed(1)} ms | |`,
      `| the same, all folded | ${after.toFixed(1)} ms | |`,
      `| counting the ${filled} assets instead | ${count.toFixed(0)} ms | |`,
    ].join('\n'),
  )
  process.exitCode = ratio >= 0.8 ? 0 : 1
} finally {
  await pool.end()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}
