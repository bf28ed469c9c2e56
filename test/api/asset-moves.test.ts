import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { manyAssets } from '../support/many-assets.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness({ connections: 5 })
})
afterAll(() => api.stop())

interface Listed {
  readonly items: { readonly id: string; readonly path: string; readonly name: string }[]
  readonly next_cursor: string | null
}

async function setting() {
  const drive = await api.drive()
  const ask = api.as(await drive.member(roles.EDITOR))
  const { driveId } = drive
  const url = `/workspaces/drives/${driveId}/assets`
  return {
    drive,
    ask,
    url,
    list: (query: Record<string, string> = {}) => ask({ url, query }),
    get: (id: string) => ask({ url: `/assets/${id}`, query: { drive_id: driveId } }),
    move: (id: string, path: string) => ask({ method: 'PUT', url: `/assets/${id}`, payload: { drive_id: driveId, path } }),
    remove: (id: string) => ask({ method: 'DELETE', url: `/assets/${id}`, query: { drive_id: driveId } }),
  }
}
const statusOf = ({ statusCode }: { statusCode: number }) => statusCode
const told = async (assetId: string) => (await api.pool.query(`SELECT action, before, after FROM activity WHERE asset_id = $1 ORDER BY id`, [assetId])).rows

describe('GET …/assets', () => {
  test('answers the assets of a folder by their names’ bytes, or all below it, with the whole asset', async () => {
    const { drive, list, get } = await setting()
    const places = [['/', 'root.mov'], ['/a/', 'B.mov'], ['/a/', 'b.mov'], ['/a/', '100%.mov'], ['/a/', '100_.mov'], ['/a/', '\u{1f3ac}.mov'], ['/a/', '\u00e9.mov'], ['/a/b/', 'deep.mov'], ['/a-b/', 'beside.mov'], ['/a0/', 'after.mov'], ['/A/', 'twin.mov']] as const
    for (const [directory, name] of places) await drive.asset({ directory, name })
    await drive.asset({ directory: '/a/', name: 'gone.mov', deletedAt: new Date(), purgeAfter: new Date() })
    const names = async (query: Record<string, string>) => (await list(query)).json<Listed>().items.map((each) => each.name)
    const inA = ['100%.mov', '100_.mov', 'B.mov', 'b.mov', '\u00e9.mov', '\u{1f3ac}.mov']
    for (const path of ['/a/', 'a', '/a', `/${drive.driveId}/a/`, `${drive.driveId.toUpperCase()}/a`]) expect(await names({ path })).toEqual(inA)
    expect(await names({ path: 'a', recursive: 'true' })).toEqual([...inA, 'deep.mov'])
    expect(await names({})).toEqual(['root.mov'])
    expect(await names({ recursive: '1' })).toEqual(['root.mov', 'twin.mov', 'beside.mov', ...inA, 'deep.mov', 'after.mov'])
    expect([await names({ path: '/nowhere' }), await names({ path: '/nowhere', recursive: 'true' })]).toEqual([[], []])
    const [first] = (await list()).json<Listed>().items
    expect((await get(first?.id ?? '')).json()).toEqual(first)
  })

  test('is walked in pages, each asset once, whatever comes and goes; a cursor serves its own folder', async () => {
    const { drive, list, remove } = await setting()
    for (const directory of ['/a/', '/a/b/']) for (let n = 0; n < 5; n += 1) await drive.asset({ directory, name: `n${n}.mov` })
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Listed = (await list({ path: 'a', recursive: 'true', limit: '3', ...(cursor && { cursor }) })).json<Listed>()
      seen.push(...page.items.map((each) => each.path.slice(37)))
      cursor = page.next_cursor
      if (seen.length === 3) await remove(page.items[2]?.id ?? '') // the very asset that the next page begins after
    } while (cursor)
    expect(seen).toEqual(['/a/', '/a/b/'].flatMap((directory) => [0, 1, 2, 3, 4].map((n) => `${directory}n${n}.mov`)))
    const own = (await list({ path: 'a', limit: '1' })).json<Listed>().next_cursor ?? ''
    for (const wrong of [{ path: 'a/b', cursor: own }, { path: 'a', recursive: 'true', cursor: own }, { path: 'a', cursor: `${own}x` }]) expect(statusOf(await list(wrong))).toBe(422)
  })

  test('names as long as may be fit into a cursor', async () => {
    const { drive, list } = await setting()
    for (const letter of ['a', 'b']) await drive.asset({ directory: `/${'"'.repeat(990)}/`, name: `${letter}${'"'.repeat(990)}` })
    const { next_cursor: cursor } = (await list({ recursive: 'true', limit: '1' })).json<Listed>()
    expect((await list({ recursive: 'true', limit: '1', cursor: cursor ?? '' })).json<Listed>().items.map((each) => each.name[0])).toEqual(['b'])
  })

  test('a folder of 100,000: the first page and the last are one statement each, through the index, at the same cost', async () => {
    const { drive, list } = await setting()
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/big/', count: 100_000 })
    await api.pool.query('VACUUM ANALYZE assets')
    for (const recursive of ['false', 'true']) {
      const { result, statements } = await api.counting(() => list({ path: 'big', recursive, limit: '200' }))
      expect(result.json<Listed>().items[0]?.name).toBe('n000001.mov')
      const [statement = '', ...more] = statements.filter((each) => each.includes('"living_assets"'))
      expect(more).toEqual([])
      const pages = [['n000000', '/big/'], ['n099800.mov', '/big/']].map(([name, directory]) => (recursive === 'true' ? [drive.driveId, directory, name, '/big0', 201] : [drive.driveId, directory, name, 201]))
      const costs: number[] = []
      for (const values of pages) {
        const plan = (await api.pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) ${statement}`, values)).rows.map((row) => row['QUERY PLAN']).join('\n')
        expect(plan).toContain('Index Scan using assets_path_taken on assets')
        expect(plan).not.toMatch(/Seq Scan|Sort/)
        costs.push(Number(/Buffers: shared hit=(\d+)/.exec(plan)?.[1]))
      }
      expect(Math.max(...costs) / Math.min(...costs)).toBeLessThan(1.5)
      const any = (await api.pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN (GENERIC_PLAN) ${statement}`)).rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(any).not.toMatch(/Seq Scan|Sort/)
    }
  })
})

describe('PUT /assets/{asset_id}', () => {
  test('renames and moves: path, name and extension change, the version counts up, and it stands in the activity', async () => {
    const { drive, move } = await setting()
    const id = await drive.asset({ directory: '/a/', name: 'x.mov' })
    const answer = await move(id, `/${drive.driveId}/b/Cafe\u0301.MP4`)
    expect(answer.json()).toMatchObject({ id, path: `/${drive.driveId}/b/Caf\u00e9.MP4`, name: 'Caf\u00e9.MP4', extension: 'mp4', type: 'VIDEO' })
    expect((await api.pool.query(`SELECT version FROM assets WHERE id = $1`, [id])).rows).toEqual([{ version: 2 }])
    expect(await told(id)).toEqual([{ action: 'asset.moved', before: { path: `/${drive.driveId}/a/x.mov` }, after: { path: `/${drive.driveId}/b/Caf\u00e9.MP4` } }])
  })

  test('to where it lies already changes nothing, in whichever normal form', async () => {
    const { drive, move, get } = await setting()
    const id = await drive.asset({ directory: '/', name: '\u00e9.mov' })
    const before = (await get(id)).json<unknown>()
    for (const same of ['\u00e9.mov', '/e\u0301.mov', `${drive.driveId}/\u00e9.mov`]) expect((await move(id, same)).json()).toEqual(before)
    expect(await told(id)).toEqual([])
  })

  test('a path that is taken answers 409 and says by whom; case and normal form are no way around it but for the case', async () => {
    const { drive, move, remove } = await setting()
    const [id, holder] = [await drive.asset({ name: 'x.mov' }), await drive.asset({ directory: '/a/', name: '\u00e9.mov' })]
    expect((await move(id, 'a/e\u0301.mov')).json()).toMatchObject({ status: 409, detail: 'Another asset has this path', asset_id: holder })
    expect(statusOf(await move(id, 'a/\u00c9.mov'))).toBe(200)
    await remove(holder)
    expect(statusOf(await move(id, 'a/\u00e9.mov'))).toBe(200) // what lies in the trash holds no path
  })

  test('a type that came of the name follows it; what was found in the bytes or set by hand stays', async () => {
    const { drive, move } = await setting()
    for (const [type, from, to, expected] of [
      ['DOCUMENT', 'pdf', 'psd', 'PHOTOSHOP'], ['OTHER', 'xyz', 'mov', 'VIDEO'], ['OTHER', 'pdf', 'psd', 'OTHER'], ['TEXTURE', 'exr', 'pdf', 'TEXTURE'], ['VIDEO', 'mov', 'pdf', 'VIDEO'], ['IMAGE', 'jpg', 'ai', 'IMAGE'],
    ] as const) {
      const id = await drive.asset({ name: `${randomUUID()}.${from}`, extension: from, type })
      expect([type, from, to, (await move(id, `${randomUUID()}.${to}`)).json<{ type: string }>().type]).toEqual([type, from, to, expected])
    }
  })

  test.each(['', '/', 'a/', '../x.mov', 'a//x.mov', 'a\\x.mov', 'x\u0007.mov', `${'n'.repeat(1001)}.mov`])('refuses the path %j', async (path) => {
    const { drive, move } = await setting()
    expect((await move(await drive.asset(), path)).json()).toMatchObject({ status: 422, detail: [{ loc: ['body', 'path'] }] })
  })

  test('asks for the path and the drive, and finds nothing of another drive', async () => {
    const [{ drive, ask }, other] = [await setting(), await setting()]
    const [id, foreign] = [await drive.asset(), await other.drive.asset()]
    const put = (asset: string, payload: object) => ask({ method: 'PUT', url: `/assets/${asset}`, payload })
    expect((await put(id, { drive_id: drive.driveId })).json()).toMatchObject({ status: 422, detail: [{ loc: ['body', 'path'], type: 'missing' }] })
    expect((await put(id, { path: 'x.mov' })).json()).toMatchObject({ status: 422, detail: [{ loc: ['body', 'drive_id'], type: 'missing' }] })
    for (const asset of [foreign, randomUUID()]) expect((await put(asset, { drive_id: drive.driveId, path: 'x.mov' })).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
    expect(statusOf(await put(id, { drive_id: other.drive.driveId, path: 'x.mov' }))).toBe(404)
  })
})

describe('DELETE /assets/{asset_id}', () => {
  test('puts it into the trash for 30 days; once', async () => {
    const { drive, remove, get } = await setting()
    const id = await drive.asset({ directory: '/a/', name: 'x.mov' })
    expect((await remove(id)).json()).toBe(true)
    expect([statusOf(await get(id)), statusOf(await remove(id))]).toEqual([404, 404])
    expect((await api.pool.query(`SELECT purge_after - deleted_at = interval '30 days' AS kept FROM assets WHERE id = $1`, [id])).rows).toEqual([{ kept: true }])
    expect(await told(id)).toEqual([{ action: 'asset.deleted', before: { path: `/${drive.driveId}/a/x.mov` }, after: null }])
  })
})

describe('at once', () => {
  test('of 16 that move their asset onto one path, one does', async () => {
    const { drive, move } = await setting()
    const ids = await Promise.all(Array.from({ length: 16 }, () => drive.asset()))
    const answers = await Promise.all(ids.map((id) => move(id, 'one/place.mov')))
    const winner = ids[answers.findIndex((answer) => answer.statusCode === 200)]
    expect(answers.map(statusOf).sort()).toEqual([200, ...Array.from({ length: 15 }, () => 409)])
    expect(answers.filter((answer) => answer.statusCode === 409).map((answer) => answer.json<{ asset_id: string }>().asset_id)).toEqual(Array.from({ length: 15 }, () => winner))
  })

  test('two that change places wait for each other, and both are refused rather than lost', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { drive, move } = await setting()
      const [a, b] = [await drive.asset({ name: 'a.mov' }), await drive.asset({ name: 'b.mov' })]
      const answers = await Promise.all([move(a, 'b.mov'), move(b, 'a.mov')])
      expect(answers.map(statusOf)).toEqual([409, 409])
    }
  })

  test('a move, a deletion and another move of one asset take turns', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { drive, move, remove, get } = await setting()
      const id = await drive.asset({ name: 'a.mov' })
      const [removed, ...moved] = await Promise.all([remove(id), move(id, 'b.mov'), move(id, 'c.mov')])
      expect(statusOf(removed)).toBe(200)
      expect(moved.map(statusOf).filter((status) => status !== 200 && status !== 404)).toEqual([])
      expect(statusOf(await get(id))).toBe(404)
      expect((await told(id)).map((each) => (each as { action: string }).action).at(-1)).toBe('asset.deleted')
    }
  })
})
