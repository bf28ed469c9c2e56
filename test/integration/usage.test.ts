import { sql } from 'drizzle-orm'
import type { InjectOptions } from 'fastify'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { localScope } from '../../src/access/local-scope.ts'
import type { Executor } from '../../src/db/client.ts'
import { assets, objects, renditions } from '../../src/db/schema/index.ts'
import { purgeDrive } from '../../src/features/drives/drives.jobs.ts'
import { purgeTrash } from '../../src/features/trash/trash.jobs.ts'
import { foldUsage } from '../../src/features/usage/usage.jobs.ts'
import { createUsageRepository, type Measured } from '../../src/features/usage/usage.repository.ts'
import type { Usage } from '../../src/features/usage/usage.schemas.ts'
import type { Job } from '../../src/jobs/define-job.ts'
import { createObjectRepository } from '../../src/objects/objects.repository.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { tusOn } from '../support/tus.ts'

const clients = 16
const operations = 5000

let api: Harness
beforeAll(async () => {
  api = await startHarness({ connections: clients + 2 })
})
afterAll(() => api.stop())

const dayMs = 86_400_000
const day = (at: number) => new Date(at).toISOString().slice(0, 10)
const firstDay = () => day(Date.now() - 29 * dayMs)

async function work(job: Job, payload: unknown = {}) {
  const handler = api.handlers.find((each) => each.job.name === job.name)
  await handler?.run(payload, { signal: AbortSignal.timeout(20_000), attempt: 1, isLast: true }, () => {
    throw new Error('it needs no scope')
  })
}
const fold = () => work(foldUsage)
const deltas = async () => Number((await api.pool.query<{ n: string }>('SELECT count(*) AS n FROM usage_deltas')).rows[0]?.n)

/** What the tables say, counted one by one. */
async function counted(db: Executor, driveId: string): Promise<Measured[]> {
  const { rows } = (await db.execute(sql`
    SELECT measure, label, count(*)::float8 AS count, sum(size_bytes)::float8 AS bytes FROM (
      SELECT 'asset_type' AS measure, type AS label, size_bytes FROM assets WHERE drive_id = ${driveId} AND deleted_at IS NULL
      UNION ALL SELECT 'asset_extension', extension, size_bytes FROM assets WHERE drive_id = ${driveId} AND deleted_at IS NULL
      UNION ALL SELECT 'asset_day', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), size_bytes FROM assets
        WHERE drive_id = ${driveId} AND deleted_at IS NULL AND created_at >= ${`${firstDay()}T00:00:00Z`}::timestamptz
      UNION ALL SELECT 'trash', '', size_bytes FROM assets WHERE drive_id = ${driveId} AND deleted_at IS NOT NULL
      UNION ALL SELECT CASE WHEN kind IN ('proxy', 'audio_proxy') THEN 'proxy' WHEN kind = 'attachment' THEN kind ELSE 'preview' END, '', size_bytes
        FROM objects WHERE drive_id = ${driveId} AND kind <> 'source' AND reference_count > 0) AS each
    GROUP BY 1, 2`)) as unknown as { rows: Measured[] } // the executor is typed for any driver; ours is pg
  return inOrder(rows)
}
const inOrder = (rows: readonly Measured[]) => [...rows].sort((a, b) => (`${a.measure} ${a.label}` < `${b.measure} ${b.label}` ? -1 : 1))

/** Both out of one snapshot, whatever is written meanwhile. */
const compare = (driveId: string) =>
  api.db.transaction(
    async (tx) => {
      const told = inOrder(await createUsageRepository(tx).of(localScope(driveId), firstDay()))
      expect(told).toEqual(await counted(tx, driveId))
    },
    { isolationLevel: 'repeatable read' },
  )

/** xorshift: the same operations for the same seed, as far as sixteen clients allow. */
function randomFrom(seed: number) {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
const seed = Number(process.env['SEED'] ?? (Date.now() % 1_000_000) + 1)
const random = randomFrom(seed)
const upTo = (most: number) => Math.floor(random() * most)
const one = <T>(of: readonly T[]): T => of[upTo(of.length)] as T // none of the lists is empty

const extensions = ['mov', 'jpg', 'wav', 'txt', '']
const types = ['VIDEO', 'IMAGE', 'AUDIO', 'DOCUMENT', 'OTHER']

async function upload(db: Executor, driveId: string) {
  const [id, objectId, sizeBytes, at] = [uuidv7(), uuidv7(), upTo(2 ** 34), new Date(Date.now() - upTo(45) * dayMs)]
  await db.insert(objects).values({ driveId, id: objectId, kind: 'source', key: `drives/${driveId}/assets/${id}/source`, state: 'stored', sizeBytes, contentType: 'x/x', referenceCount: 1, createdAt: at })
  const extension = one(extensions)
  await db.insert(assets).values({ driveId, id, directory: '/', name: `${id}.${extension}`, extension, type: one(types), sourceObjectId: objectId, sizeBytes, contentType: 'x/x', createdAt: at, updatedAt: at, placedAt: at })
}

/** As a render and the reset of a thumbnail do it: reserve, store with what refers to it, unreference what was there before. */
async function replaceRendition(db: Executor, driveId: string, assetId: string) {
  const repository = createObjectRepository(db)
  const [id, kind, at] = [uuidv7(), one(['proxy', 'audio_proxy', 'poster', 'thumbnail'] as const), new Date()]
  await repository.reserve(driveId, [{ id, kind, key: `drives/${driveId}/assets/${assetId}/${kind}/${id}`, contentType: 'x/x' }], at)
  await repository.store(driveId, [{ id, size: upTo(2 ** 30) }])
  const before = await db.execute(sql`SELECT object_id FROM renditions WHERE drive_id = ${driveId} AND asset_id = ${assetId} AND kind = ${kind}`)
  await repository.unreference(driveId, (before as unknown as { rows: { object_id: string }[] }).rows.map((row) => row.object_id))
  await db.execute(sql`DELETE FROM renditions WHERE drive_id = ${driveId} AND asset_id = ${assetId} AND kind = ${kind}`)
  if (random() < 0.8) await db.insert(renditions).values({ driveId, id: uuidv7(), assetId, objectId: id, kind, createdAt: at })
  else await repository.unreference(driveId, [id])
}

async function purge(db: Executor, driveId: string, assetId: string) {
  const made = (await db.execute(sql`SELECT object_id AS id FROM renditions WHERE drive_id = ${driveId} AND asset_id = ${assetId}
    UNION ALL SELECT source_object_id FROM assets WHERE drive_id = ${driveId} AND id = ${assetId}`)) as unknown as { rows: { id: string }[] } // as above
  await db.execute(sql`DELETE FROM assets WHERE drive_id = ${driveId} AND id = ${assetId}`)
  await createObjectRepository(db).unreference(driveId, made.rows.map((row) => row.id))
}

/** Some assets, locked: what two clients do to one of them they do one after the other. */
async function some(db: Executor, driveId: string, { inTrash, limit = 1 }: { inTrash: boolean; limit?: number }): Promise<string[]> {
  const { rows } = (await db.execute(sql`SELECT id FROM assets WHERE drive_id = ${driveId} AND (deleted_at IS NOT NULL) = ${inTrash}
    ORDER BY id OFFSET ${upTo(20)} LIMIT ${limit} FOR UPDATE SKIP LOCKED`)) as unknown as { rows: { id: string }[] } // as above
  return rows.map((row) => row.id)
}
const among = (driveId: string, ids: readonly string[]) => sql`drive_id = ${driveId} AND id = ANY(ARRAY[${sql.join(ids.map((id) => sql`${id}`), sql`, `)}]::uuid[])`

class Undone extends Error {}

async function operation(db: Executor, driveId: string): Promise<void> {
  const what = random()
  if (what < 0.35) return upload(db, driveId)
  const isInTrash = what > 0.75
  const limit = random() < 0.2 ? 7 : 1
  const ids = await some(db, driveId, { inTrash: isInTrash, limit })
  const [id] = ids
  if (id === undefined) return upload(db, driveId)
  const them = among(driveId, ids)
  if (what < 0.5) return replaceRendition(db, driveId, id)
  if (what < 0.55) return void (await db.execute(sql`UPDATE assets SET type = ${one(types)} WHERE ${them}`))
  if (what < 0.6) return void (await db.execute(sql`UPDATE assets SET extension = ${one(extensions)}, size_bytes = size_bytes + ${upTo(100)}::int WHERE ${them}`))
  if (what < 0.62) return void (await db.execute(sql`UPDATE assets SET version = version + 1 WHERE ${them}`))
  if (what <= 0.75) return void (await db.execute(sql`UPDATE assets SET deleted_at = now(), purge_after = now() WHERE ${them}`))
  if (what < 0.88) return void (await db.execute(sql`UPDATE assets SET deleted_at = NULL, purge_after = NULL WHERE ${them}`))
  await purge(db, driveId, id)
}

describe('usage', () => {
  test(`is a count over the tables, during and after ${operations} operations by ${clients} clients, while it is folded (seed ${seed})`, { timeout: 60_000 }, async () => {
    const drives = await Promise.all([api.drive(), api.drive(), api.drive()])
    let left = operations
    let isOver = false
    const client = async () => {
      while (left > 0) {
        left -= 1
        const { driveId } = one(drives)
        const isUndone = random() < 0.02
        await api.db
          .transaction(async (tx) => {
            await operation(tx, driveId)
            if (isUndone) throw new Undone()
          })
          .catch((error: unknown) => (error instanceof Undone ? undefined : Promise.reject(error)))
      }
    }
    const meanwhile = async (what: () => Promise<unknown>) => {
      let times = 0
      for (; !isOver; times += 1) await what()
      return times
    }
    const folding = meanwhile(fold)
    const comparing = meanwhile(() => compare(one(drives).driveId))
    await Promise.all(Array.from({ length: clients }, client))
    isOver = true
    expect([await folding, await comparing].every((times) => times > 3)).toBe(true)
    for (const { driveId } of drives) await compare(driveId)
    await fold()
    expect(await deltas()).toBe(0)
    for (const { driveId } of drives) await compare(driveId)
  })

  test('who reads while it is folded sees no jump, however many fold at once', async () => {
    const { driveId } = await api.drive()
    for (let n = 0; n < 300; n += 1) await upload(api.db, driveId)
    const before = inOrder(await api.store.usage.of(localScope(driveId), firstDay()))
    let isOver = false
    let reads = 0
    const reading = (async () => {
      for (; !isOver; reads += 1) expect(inOrder(await api.store.usage.of(localScope(driveId), firstDay()))).toEqual(before)
    })()
    const folding = async () => {
      while ((await api.store.usage.fold(7, firstDay())) > 0);
    }
    await Promise.all([folding(), folding(), folding()])
    isOver = true
    await reading
    expect(reads).toBeGreaterThan(10)
    expect(await deltas()).toBe(0)
  })

  test('is answered in the contract’s shape: most frequent first, thirty days with their zeros', async () => {
    const drive = await api.drive()
    const manager = await drive.member(roles.FULL_ACCESS)
    const at = api.clock.now()
    await drive.asset({ sizeBytes: 10 })
    await drive.asset({ sizeBytes: 20, type: 'AUDIO', extension: 'wav', createdAt: new Date(at.getTime() - 29 * dayMs) })
    await drive.asset({ sizeBytes: 30, createdAt: new Date(at.getTime() - 30 * dayMs) })
    await drive.asset({ sizeBytes: 40, type: 'AUDIO', extension: '', deletedAt: at, purgeAfter: at })
    await drive.asset({ sizeBytes: 50, type: 'AUDIO', extension: 'aac' })

    const read = async () => {
      const answer = await api.as(manager)({ url: '/assets/usage', query: { drive_id: drive.driveId } })
      expect(answer.statusCode).toBe(200)
      return answer.json<Usage>()
    }
    const { last_30_days: days, ...rest } = await read()
    expect(rest).toEqual({
      drive_id: drive.driveId,
      total_assets: 4,
      total_size_bytes: 110,
      trash_assets: 1,
      trash_size_bytes: 40,
      by_type: [{ type: 'AUDIO', count: 2, size_bytes: 70 }, { type: 'VIDEO', count: 2, size_bytes: 40 }],
      by_extension: [{ extension: 'mov', count: 2, size_bytes: 40 }, { extension: 'aac', count: 1, size_bytes: 50 }, { extension: 'wav', count: 1, size_bytes: 20 }],
      proxies_size_bytes: 0,
      previews_size_bytes: 0,
      attachments_size_bytes: 0,
      transcription_seconds: 0,
      comments: 0,
    })
    expect(days.map((each) => each.date)).toEqual(Array.from({ length: 30 }, (_, index) => day(at.getTime() - (29 - index) * dayMs)))
    expect(days.filter((each) => each.assets > 0)).toEqual([{ date: day(at.getTime() - 29 * dayMs), assets: 1, size_bytes: 20 }, { date: day(at.getTime()), assets: 2, size_bytes: 60 }])
    await fold()
    expect(await read()).toEqual({ ...rest, last_30_days: days })
  })

  test('follows uploads, renames, the trash and back, and the purge, answer by answer', async () => {
    const drive = await api.drive()
    const admin = await drive.member(roles.ADMIN)
    const send = async (request: InjectOptions) => expect((await api.as(admin)(request)).statusCode).toBe(200)
    const usage = async () => {
      const { total_assets: count, total_size_bytes: bytes, trash_assets: inTrash, by_extension: by } = (await api.as(admin)({ url: '/assets/usage', query: { drive_id: drive.driveId } })).json<Usage>()
      return [count, bytes, inTrash, by.map((each) => each.extension).join()]
    }
    const tus = tusOn(api, admin, drive.driveId)
    const sent = await tus.patch(await tus.begun(5, 'a.txt'), 0, 'hello')
    const id = String(sent.headers['dailies-asset-id'])
    expect(await usage()).toEqual([1, 5, 0, 'txt'])
    await send({ method: 'PUT', url: `/assets/${id}`, payload: { drive_id: drive.driveId, path: 'notes/a.md' } })
    expect(await usage()).toEqual([1, 5, 0, 'md'])
    await send({ method: 'DELETE', url: `/assets/${id}`, query: { drive_id: drive.driveId } })
    expect(await usage()).toEqual([0, 0, 1, ''])
    const trashed = `/workspaces/drives/${drive.driveId}/trash/${id}`
    await send({ method: 'POST', url: `${trashed}/restore` })
    expect(await usage()).toEqual([1, 5, 0, 'md'])
    await send({ method: 'DELETE', url: `/assets/${id}`, query: { drive_id: drive.driveId } })
    await send({ method: 'DELETE', url: trashed })
    await work(purgeTrash, { drive_id: drive.driveId })
    expect(await usage()).toEqual([0, 0, 0, ''])
    await compare(drive.driveId)
  })

  test('is for who manages the drive; a drive of others and one that is not there answer alike', async () => {
    const drive = await api.drive()
    const [editor, stranger] = [await drive.member(roles.EDITOR), await api.person()]
    const read = (who: typeof editor, query: Record<string, string>) => api.as(who)({ url: '/assets/usage', query })
    expect((await read(editor, { drive_id: drive.driveId })).statusCode).toBe(403)
    const answers = [await read(stranger, { drive_id: drive.driveId }), await read(stranger, { drive_id: uuidv7() })]
    expect(answers.map((each) => [each.statusCode, each.json<{ detail: string }>().detail])).toEqual([[404, 'Drive not found'], [404, 'Drive not found']])
    expect((await read(editor, {})).statusCode).toBe(422)
  })

  test('forgets days that nobody asks for any more, and never speaks of them again', async () => {
    const { driveId } = await api.drive()
    for (let n = 0; n < 3; n += 1) await upload(api.db, driveId)
    await api.db.execute(sql`UPDATE assets SET created_at = now() - interval '38 days' WHERE drive_id = ${driveId}`)
    const labels = async () => (await api.pool.query<{ label: string }>(`SELECT label FROM usage_totals WHERE drive_id = $1 AND measure = 'asset_day'`, [driveId])).rows
    await fold()
    expect(await labels()).toEqual([{ label: day(Date.now() - 38 * dayMs) }])
    api.advance(5 * dayMs)
    await fold()
    await api.db.execute(sql`DELETE FROM assets WHERE drive_id = ${driveId}`)
    await fold()
    api.advance(-5 * dayMs)
    expect(await labels()).toEqual([])
  })

  test('leaves nothing of a drive that was purged, also where its last changes are folded afterwards', async () => {
    const { driveId } = await api.drive()
    for (let n = 0; n < 3; n += 1) await upload(api.db, driveId)
    await fold()
    await work(purgeDrive, { drive_id: driveId })
    const left = async () => (await api.pool.query('SELECT FROM usage_totals WHERE drive_id = $1 UNION ALL SELECT FROM usage_deltas WHERE drive_id = $1', [driveId])).rowCount
    expect(await left()).toBe(0)
    await api.pool.query(`INSERT INTO usage_deltas (drive_id, measure, count, bytes) VALUES ($1, 'trash', -1, -1)`, [driveId])
    await api.pool.query(`INSERT INTO usage_totals (drive_id, measure, label, count, bytes) VALUES ($1, 'proxy', '', 1, 1)`, [driveId])
    await fold()
    expect(await left()).toBe(0)
  })
})
