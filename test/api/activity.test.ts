import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { server } from '../../src/access/scope.ts'
import { type Harness, type Person, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

interface Listed {
  readonly items: { readonly id: string; readonly action: string; readonly asset_id: string | null; readonly actor: { readonly id: string } | null }[]
  readonly next_cursor: string | null
}

/** A drive with an asset that was moved and another that was deleted. */
async function setting() {
  const drive = await api.drive()
  const [manager, viewer] = [await drive.member(roles.FULL_ACCESS), await drive.member(roles.VIEWER)]
  const [moved, deleted] = [await drive.asset({ name: 'x.mov' }), await drive.asset({ name: 'y.mov' })]
  const { driveId } = drive
  await api.as(manager)({ method: 'PUT', url: `/assets/${moved}`, payload: { drive_id: driveId, path: 'a/x.mov' } })
  await api.as(manager)({ method: 'DELETE', url: `/assets/${deleted}`, query: { drive_id: driveId } })
  await api.as(manager)({ method: 'POST', url: `/workspaces/drives/${driveId}/folders`, payload: { path: 'made' } })
  await api.store.activity.add({ driveId, caller: server, action: 'asset.inspected', assetId: moved, after: { type: 'VIDEO' }, at: new Date() })
  return { drive, manager, viewer, moved, deleted, list: (who: Person, query: Record<string, string> = {}) => api.as(who)({ url: `/workspaces/drives/${driveId}/activity`, query }) }
}

test('who manages a drive sees what was done, the newest first, by whom, from what to what', async () => {
  const { drive, manager, moved, list } = await setting()
  const { items } = (await list(manager)).json<Listed>()
  expect(items.map((each) => each.action)).toEqual(['asset.inspected', 'folder.created', 'asset.deleted', 'asset.moved'])
  expect(items[3]).toMatchObject({
    asset_id: moved,
    actor: { id: manager.userId, name: 'Ana Diaz', email: manager.email, avatar: null, is_guest: false },
    before: { path: `/${drive.driveId}/x.mov` },
    after: { path: `/${drive.driveId}/a/x.mov` },
  })
  expect(items[0]).toMatchObject({ actor: null, before: null, after: { type: 'VIDEO' } })
})

test('who reads sees what became of an asset that is there, and of nothing else', async () => {
  const { viewer, manager, moved, deleted, list } = await setting()
  expect((await list(viewer, { asset_id: moved })).json<Listed>().items.map((each) => each.action)).toEqual(['asset.inspected', 'asset.moved'])
  expect((await list(viewer, { asset_id: deleted })).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
  expect((await list(viewer)).json()).toMatchObject({ status: 403, detail: expect.stringContaining('FULL_ACCESS') as string })
  expect((await list(manager, { asset_id: deleted })).json<Listed>().items.map((each) => each.action)).toEqual(['asset.deleted'])
})

test('an asset of another drive, or none, is not found, whoever asks', async () => {
  const [{ viewer, manager, list }, other] = [await setting(), await setting()]
  for (const who of [viewer, manager]) for (const asset_id of [other.moved, other.deleted, randomUUID()]) expect((await list(who, { asset_id })).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
  expect((await list(manager, { asset_id: 'x' })).json()).toMatchObject({ status: 422, detail: [{ loc: ['query', 'asset_id'], type: 'uuid' }] })
})

test('a purged asset keeps its history for who manages the drive, and a deleted user their name', async () => {
  const { drive, manager, deleted, list } = await setting()
  await api.pool.query('DELETE FROM assets WHERE id = $1', [deleted])
  const other = await drive.member(roles.ADMIN)
  await api.pool.query('UPDATE users SET deleted_at = now() WHERE id = $1', [manager.userId])
  expect((await list(other, { asset_id: deleted })).json<Listed>().items.map((each) => each.actor)).toEqual([{ id: manager.userId, name: 'Ana Diaz', email: null, avatar: null, is_guest: false }])
})

test('is narrowed to an action, or to a family of them; other words are refused with the list', async () => {
  const { manager, moved, list } = await setting()
  const actions = async (query: Record<string, string>) => (await list(manager, query)).json<Listed>().items.map((each) => each.action)
  expect(await actions({ action: 'asset.moved' })).toEqual(['asset.moved'])
  expect(await actions({ action: 'asset' })).toEqual(['asset.inspected', 'asset.deleted', 'asset.moved'])
  expect(await actions({ action: 'folder' })).toEqual(['folder.created'])
  expect(await actions({ action: 'asset', asset_id: moved })).toEqual(['asset.inspected', 'asset.moved'])
  expect(await actions({ action: 'member' })).toEqual([])
  for (const action of ['ass', 'asset.', 'asset.%', 'Asset', '']) {
    const answer = (await list(manager, { action })).json<{ status: number; detail: { msg: string }[] }>()
    expect(answer.status).toBe(422)
    expect(answer.detail[0]?.msg).toContain('asset.moved')
  }
})

test('is walked in pages, each entry once; a cursor serves its own question', async () => {
  const { drive, manager, list } = await setting()
  for (let n = 0; n < 7; n += 1) await api.store.activity.add({ driveId: drive.driveId, caller: server, action: 'drive.updated', after: { n }, at: new Date() })
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page: Listed = (await list(manager, { limit: '4', ...(cursor && { cursor }) })).json<Listed>()
    seen.push(...page.items.map((each) => each.id))
    cursor = page.next_cursor
  } while (cursor)
  expect(seen).toHaveLength(11)
  expect(seen).toEqual([...new Set(seen)].sort().reverse())
  const own = (await list(manager, { limit: '1' })).json<Listed>().next_cursor ?? ''
  expect((await list(manager, { action: 'asset', cursor: own })).statusCode).toBe(422)
})

test('an asset’s own is read through its index, the drive’s in the order of its key', async () => {
  const { drive, manager, moved, list } = await setting()
  await api.pool.query(
    `INSERT INTO activity (drive_id, id, action, asset_id, created_at) SELECT $1, gen_random_uuid(), 'asset.rendered', gen_random_uuid(), now() FROM generate_series(1, 20000)`,
    [drive.driveId],
  )
  await api.pool.query('ANALYZE activity')
  const planOf = async (query: Record<string, string>) => {
    const { statements } = await api.counting(() => list(manager, query))
    const statement = statements.find((each) => each.includes('order by')) ?? ''
    return (await api.pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN (GENERIC_PLAN) ${statement}`)).rows.map((row) => row['QUERY PLAN']).join('\n')
  }
  const [ofAsset, ofDrive] = [await planOf({ asset_id: moved }), await planOf({})]
  expect(ofAsset).toContain('activity_of_asset')
  expect(ofDrive).toContain('Index Scan Backward using activity_drive_id_id_pk')
  expect(ofAsset + ofDrive).not.toMatch(/Seq Scan on activity|Sort/)
})
