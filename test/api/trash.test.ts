import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { faces, objects, previews, renditions } from '../../src/db/schema/index.ts'
import { renderable } from '../../src/features/ingest/ingest.jobs.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { manyAssets } from '../support/many-assets.ts'
import { runJob } from '../support/run-job.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness({ connections: 5 })
})
afterAll(() => api.stop())

interface Listed {
  readonly items: { readonly id: string; readonly name: string; readonly deleted: string; readonly deleted_by: { readonly id: string } | null }[]
  readonly next_cursor: string | null
}
type Drive = Awaited<ReturnType<Harness['drive']>>

async function setting() {
  const drive = await api.drive()
  const [editor, manager] = [await drive.member(roles.EDITOR), await drive.member(roles.FULL_ACCESS)]
  const { driveId } = drive
  const url = `/workspaces/drives/${driveId}/trash`
  return {
    drive,
    editor,
    manager,
    url,
    list: async (query: Record<string, string> = {}) => (await api.as(editor)({ url, query })).json<Listed>(),
    remove: (id: string) => api.as(editor)({ method: 'DELETE', url: `/assets/${id}`, query: { drive_id: driveId } }),
    restore: (id: string) => api.as(editor)({ method: 'POST', url: `${url}/${id}/restore` }),
    purge: (id: string) => api.as(manager)({ method: 'DELETE', url: `${url}/${id}` }),
    empty: () => api.as(manager)({ method: 'DELETE', url }),
    work: (signal?: AbortSignal) => runJob(api, 'trash:purge', { drive_id: driveId }, signal),
  }
}
const statusOf = ({ statusCode }: { statusCode: number }) => statusCode
const actionsOf = async (assetId: string) => (await api.pool.query<{ action: string }>(`SELECT action FROM activity WHERE asset_id = $1 ORDER BY id`, [assetId])).rows.map((row) => row.action)
const countOf = async (table: string, { driveId }: Drive) => (await api.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE drive_id = $1`, [driveId])).rows[0]?.n

/** Something made of an asset, with its bytes in the store. */
async function madeOf(drive: Drive, kind: 'preview' | 'poster' | 'face') {
  const id = randomUUID()
  const key = `drives/${drive.driveId}/made/${id}`
  await api.storage.put(key, Buffer.from(kind), { contentType: 'image/jpeg' })
  await api.db.insert(objects).values({ driveId: drive.driveId, id, kind, key, state: 'stored', sizeBytes: 4, contentType: 'image/jpeg', referenceCount: 1, createdAt: new Date() })
  return { id, key }
}

describe('GET …/trash', () => {
  test('answers what was deleted, the newest first, with where it was, by whom, and until when', async () => {
    const { drive, editor, list, remove } = await setting()
    const [first, second] = [await drive.asset({ directory: '/a/', name: 'x.mov' }), await drive.asset({ name: 'y.mov' })]
    await drive.asset()
    await remove(first)
    await remove(second)
    const { items } = await list()
    expect(items.map((each) => each.id)).toEqual([second, first])
    const kept = Date.parse((items[1] as unknown as { purge_after: string }).purge_after) - Date.parse(items[1]?.deleted ?? '')
    expect(kept).toBe(30 * 86_400_000)
    expect(items[1]).toMatchObject({
      drive_id: drive.driveId,
      path: `/${drive.driveId}/a/x.mov`,
      name: 'x.mov',
      type: 'VIDEO',
      size_bytes: 1000,
      deleted_by: { id: editor.userId, name: 'Ana Diaz', email: editor.email, avatar: null, is_guest: false },
    })
  })

  test('who deleted it stays by name when that user goes; nobody is told for the server', async () => {
    const { drive, editor, manager, url, remove } = await setting()
    const [mine, servers] = [await drive.asset(), await drive.asset({ deletedAt: api.clock.now(), purgeAfter: new Date(Date.now() + 1e9) })]
    await remove(mine)
    await api.pool.query('UPDATE users SET deleted_at = now() WHERE id = $1', [editor.userId])
    const { items } = (await api.as(manager)({ url })).json<Listed>()
    expect(new Map(items.map((each) => [each.id, each.deleted_by]))).toEqual(new Map([[mine, { id: editor.userId, name: 'Ana Diaz', email: null, avatar: null, is_guest: false }], [servers, null]]))
  })

  test('is walked in pages, also where many were deleted in one moment', async () => {
    const { drive, list } = await setting()
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/', count: 23 })
    await api.pool.query(`UPDATE assets SET deleted_at = date_trunc('milliseconds', now()), purge_after = now() + interval '30 days' WHERE drive_id = $1`, [drive.driveId])
    const seen = new Set<string>()
    let [cursor, pages] = [null as string | null, 0]
    do {
      const page: Listed = await list({ limit: '5', ...(cursor && { cursor }) })
      for (const { id } of page.items) seen.add(id)
      cursor = page.next_cursor
      pages += 1
    } while (cursor)
    expect([seen.size, pages]).toEqual([23, 5])
  })

  test('a page of a full trash is read through its index', async () => {
    const { drive, list, url, editor } = await setting()
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/', count: 20_000 })
    await api.pool.query(`UPDATE assets SET deleted_at = now() - make_interval(secs => ('x' || left(id::text, 4))::bit(16)::int), purge_after = now() + interval '30 days' WHERE drive_id = $1`, [drive.driveId])
    await api.pool.query('VACUUM ANALYZE assets')
    const { next_cursor: cursor } = await list({ limit: '1' })
    const { statements } = await api.counting(() => api.as(editor)({ url, query: { cursor: cursor ?? '' } }))
    const statement = statements.find((each) => each.includes('purge_after')) ?? ''
    const plan = (await api.pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN (GENERIC_PLAN) ${statement}`)).rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan).toContain('Index Scan Backward using assets_in_trash')
    expect(plan).not.toMatch(/Seq Scan on assets|Sort Key: assets/)
    await api.pool.query('DELETE FROM assets WHERE drive_id = $1', [drive.driveId]) // or the clock of a later test would purge them one by one
  })
})

describe('POST …/trash/{asset_id}/restore', () => {
  test('gives it back where it was; once', async () => {
    const { drive, remove, restore, list } = await setting()
    const id = await drive.asset({ directory: '/a/', name: '\u00e9.mov' })
    await remove(id)
    expect((await restore(id)).json()).toMatchObject({ id, path: `/${drive.driveId}/a/\u00e9.mov` })
    expect((await restore(id)).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
    expect((await list()).items).toEqual([])
    expect(await actionsOf(id)).toEqual(['asset.deleted', 'asset.restored'])
  })

  test('beside it where the path is taken, under the first number that is free', async () => {
    const { drive, remove, restore } = await setting()
    const id = await drive.asset({ directory: '/a/', name: 'x_%.mov' })
    await remove(id)
    for (const name of ['x_%.mov', 'x_% (2).mov', 'x_% (4).mov', 'xy% (3).mov']) await drive.asset({ directory: '/a/', name })
    expect((await restore(id)).json()).toMatchObject({ name: 'x_% (3).mov', path: `/${drive.driveId}/a/x_% (3).mov`, extension: 'mov' })
  })

  test('what was still to be made of it is ordered again, what is made is not', async () => {
    const { drive, remove, restore } = await setting()
    const [fresh, done] = [await drive.asset(), await drive.asset()]
    await api.pool.query(
      `INSERT INTO asset_jobs (drive_id, asset_id, name, state, created_at, updated_at) SELECT $1, $2, name, 'COMPLETED', now(), now() FROM unnest($3::text[]) AS name`,
      [drive.driveId, done, ['metadata', ...renderable]],
    )
    for (const id of [fresh, done]) {
      await remove(id)
      await restore(id)
    }
    const { rows } = await api.pool.query(`SELECT key FROM graphile_worker.jobs WHERE key = ANY ($1)`, [[fresh, done].map((id) => `inspect:${id}`)])
    expect(rows).toEqual([{ key: `inspect:${fresh}` }])
  })

  test('finds nothing that is not in this drive’s trash', async () => {
    const [{ drive, restore, purge }, other] = [await setting(), await setting()]
    const [living, foreign] = [await drive.asset(), await other.drive.asset()]
    await other.remove(foreign)
    for (const id of [living, foreign, randomUUID()]) {
      expect((await restore(id)).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
      expect((await purge(id)).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
    }
    expect(statusOf(await restore('x'))).toBe(422)
  })
})

describe('purging', () => {
  test('one is gone at once; then its rows, and its bytes, but for what others refer to or somebody else owns', async () => {
    const { drive, manager, list, remove, restore, purge, work } = await setting()
    const { driveId } = drive
    const id = await drive.asset({ name: 'x.mov', bytes: Buffer.from('film') })
    const linked = await drive.asset({ name: 'linked.mov', bytes: Buffer.from('theirs') })
    await api.pool.query(`UPDATE objects SET is_owned = false WHERE drive_id = $1 AND id = (SELECT source_object_id FROM assets WHERE id = $2)`, [driveId, linked])
    const [preview, poster, face] = [await madeOf(drive, 'preview'), await madeOf(drive, 'poster'), await madeOf(drive, 'face')]
    const refer = { driveId, assetId: id }
    await api.db.insert(previews).values({ ...refer, id: randomUUID(), objectId: preview.id, frame: 0, width: 1, height: 1 })
    await api.db.insert(renditions).values({ ...refer, id: randomUUID(), objectId: poster.id, kind: 'poster', createdAt: new Date() })
    await api.db.insert(faces).values({ ...refer, id: randomUUID(), objectId: face.id, x: 0, y: 0, width: 1, height: 1, source: 'manual', createdAt: new Date() })
    const sharing = await drive.asset({ name: 'sharing.mov' }) // pasted, say
    await api.db.insert(renditions).values({ driveId, assetId: sharing, id: randomUUID(), objectId: poster.id, kind: 'poster', createdAt: new Date() })
    await api.pool.query(`UPDATE objects SET reference_count = 2 WHERE drive_id = $1 AND id = $2`, [driveId, poster.id])

    await remove(id)
    await remove(linked)
    expect((await purge(id)).json()).toBe(true)
    expect([statusOf(await restore(id)), statusOf(await purge(id))]).toEqual([404, 404])
    expect((await list()).items.map((each) => each.id)).toEqual([linked])
    await purge(linked)
    await work()

    const isThere = async (key: string) => (await api.storage.head(key)) !== undefined
    const source = (asset: string) => `drives/${driveId}/assets/${asset}/source`
    expect([await isThere(source(id)), await isThere(preview.key), await isThere(face.key)]).toEqual([false, false, false])
    expect([await isThere(source(linked)), await isThere(poster.key)]).toEqual([true, true])
    expect([await countOf('assets', drive), await countOf('objects', drive), await countOf('previews', drive), await countOf('faces', drive)]).toEqual([1, 2, 0, 0])
    expect((await api.pool.query(`SELECT reference_count AS n FROM objects WHERE id = $1`, [poster.id])).rows).toEqual([{ n: 1 }])
    expect(await actionsOf(id)).toEqual(['asset.deleted', 'asset.purged'])
    const { rows } = await api.pool.query(`SELECT actor_id AS actor FROM activity WHERE asset_id = $1 AND action = 'asset.purged'`, [id])
    expect(rows).toEqual([{ actor: manager.userId }])
  })

  test('the trash is emptied at once, without touching what is in it; what is deleted later stays', async () => {
    const { drive, list, remove, restore, empty, work } = await setting()
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/', count: 510 })
    await api.pool.query(`UPDATE assets SET deleted_at = now(), purge_after = now() + interval '30 days' WHERE drive_id = $1`, [drive.driveId])
    const old = (await list()).items[0]?.id ?? ''
    const later = await drive.asset()
    api.advance(1000)
    const { result, statements } = await api.counting(empty)
    expect(result.json()).toBe(true)
    expect(statements.filter((each) => /^(update|delete from) "assets"/i.test(each))).toEqual([])
    expect([(await list()).items, statusOf(await restore(old))]).toEqual([[], 404])
    api.advance(1000)
    await remove(later)
    expect((await list()).items.map((each) => each.id)).toEqual([later])

    await expect(work(AbortSignal.abort(new Error('killed')))).rejects.toThrow('killed') // goes on where it was cut off
    await work()
    expect([await countOf('assets', drive), await countOf('objects', drive)]).toEqual([1, 1])
    expect((await api.pool.query(`SELECT actor_id AS actor FROM activity WHERE asset_id = $1 AND action = 'asset.purged'`, [old])).rows).toEqual([{ actor: null }])
    expect(statusOf(await restore(later))).toBe(200)
    expect(statusOf(await empty())).toBe(200) // empty already
  })

  test('what is deleted after the trash was emptied stays in it, also where the clock of another instance was ahead', async () => {
    const { drive, list, remove, restore, empty, work } = await setting()
    const [early, late] = [await drive.asset(), await drive.asset()]
    api.advance(3_600_000)
    await remove(early)
    await empty()
    api.advance(-3_600_000)
    await remove(late)
    expect((await list()).items.map((each) => each.id)).toEqual([late])
    await work()
    expect(statusOf(await restore(late))).toBe(200)
    expect(await countOf('assets', drive)).toBe(1)
  })

  test('the clock does it after 30 days, in every drive', async () => {
    const [one, other] = [await setting(), await setting()]
    const [early, late] = [await one.drive.asset(), await other.drive.asset()]
    await one.remove(early)
    api.advance(86_400_000)
    await other.remove(late)
    api.advance(29 * 86_400_000 + 1000)
    expect([(await one.list()).items, statusOf(await one.restore(early))]).toEqual([[], 404])
    await runJob(api, 'trash:purge', { _cron: { ts: '2026-11-24T00:07:00Z' } })
    expect([await countOf('assets', one.drive), await countOf('assets', other.drive)]).toEqual([0, 1])
  })

  test('usage tells living assets and the trash apart, to the end', async () => {
    const { drive, remove, restore, purge, work } = await setting()
    const usage = async () =>
      Object.fromEntries((await api.pool.query<{ measure: string; n: number; bytes: number }>(`SELECT measure, sum(count)::int AS n, sum(bytes)::int AS bytes FROM usage_deltas WHERE drive_id = $1 GROUP BY 1 HAVING sum(count) <> 0`, [drive.driveId])).rows.map((row) => [row.measure, row.n]))
    const [a] = [await drive.asset(), await drive.asset()]
    await remove(a)
    expect(await usage()).toEqual({ asset: 1, trash: 1 })
    await restore(a)
    expect(await usage()).toEqual({ asset: 2 })
    await remove(a)
    await purge(a)
    await work()
    expect(await usage()).toEqual({ asset: 1 })
  })

  test('reading the trash takes EDITOR, purging FULL_ACCESS', async () => {
    const { drive, url, editor, remove } = await setting()
    const id = await drive.asset()
    await remove(id)
    const viewer = await drive.member(roles.COMMENTER)
    expect(statusOf(await api.as(viewer)({ url }))).toBe(403)
    expect(statusOf(await api.as(editor)({ method: 'DELETE', url }))).toBe(403)
    expect(statusOf(await api.as(editor)({ method: 'DELETE', url: `${url}/${id}` }))).toBe(403)
  })
})

describe('at once', () => {
  test('a restore and a purge of one asset: one of them does it, and it is whole or gone', async () => {
    for (let round = 0; round < 12; round += 1) {
      const { drive, remove, restore, purge, work } = await setting()
      const id = await drive.asset({ bytes: Buffer.from('film') })
      await remove(id)
      const [restored, purged] = await Promise.all([restore(id), purge(id), work(), work()])
      expect([statusOf(restored), statusOf(purged)].sort()).toEqual([200, 404])
      await work()
      const isThere = (await api.storage.head(`drives/${drive.driveId}/assets/${id}/source`)) !== undefined
      expect([isThere, await countOf('assets', drive)]).toEqual(restored.statusCode === 200 ? [true, 1] : [false, 0])
    }
  })

  test('several restored to one path while an upload takes it: each gets a name of its own', async () => {
    const { drive, remove, restore } = await setting()
    const ids: string[] = []
    for (let n = 0; n < 6; n += 1) {
      const id = await drive.asset({ name: 'x.mov' })
      await remove(id)
      ids.push(id)
    }
    const answers = await Promise.all([...ids.map(restore), drive.asset({ name: 'x (3).mov' }).catch(() => undefined)])
    expect(answers.slice(0, 6).map((answer) => (typeof answer === 'object' ? answer.statusCode : 0))).toEqual([200, 200, 200, 200, 200, 200])
    const { rows } = await api.pool.query<{ n: number }>(`SELECT count(DISTINCT name)::int AS n FROM living_assets WHERE drive_id = $1`, [drive.driveId])
    expect(rows[0]?.n).toBeGreaterThanOrEqual(6)
  })

  test('a move, a deletion and a restore of one asset end without a fault', async () => {
    for (let round = 0; round < 8; round += 1) {
      const { drive, editor, remove, restore } = await setting()
      const id = await drive.asset({ name: 'x.mov' })
      const answers = await Promise.all([api.as(editor)({ method: 'PUT', url: `/assets/${id}`, payload: { drive_id: drive.driveId, path: 'y.mov' } }), remove(id), restore(id), remove(id), restore(id)])
      expect(answers.map(statusOf).filter((status) => status !== 200 && status !== 404)).toEqual([])
    }
  })
})
