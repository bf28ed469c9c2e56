import { randomUUID } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { manyAssets } from '../support/many-assets.ts'
import { runJob } from '../support/run-job.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness({ connections: 5 })
})
afterAll(() => api.stop())

interface Listed {
  readonly items: { readonly path: string; readonly name: string; readonly asset_count: number }[]
  readonly next_cursor: string | null
}
interface Operation {
  readonly id: string
  readonly state: string
  readonly total: number
  readonly done: number
}
type Drive = Awaited<ReturnType<Harness['drive']>>

async function setting(role: 10 | 15 | 20 | 30 | 40 | 50 = roles.EDITOR) {
  const drive = await api.drive()
  const ask = api.as(await drive.member(role))
  const url = `/workspaces/drives/${drive.driveId}/folders`
  const answer = async <T>(request: InjectOptions): Promise<T> => {
    const { statusCode, body } = await ask(request)
    expect([statusCode, body]).toEqual([200, body])
    return JSON.parse(body) as T // the test says which shape it reads
  }
  return {
    drive,
    ask,
    url,
    answer,
    list: async (path?: string, query: Record<string, string> = {}) => (await answer<Listed>({ url, query: { ...(path !== undefined && { path }), ...query } })).items.map(({ path: at, asset_count: count }) => [at.slice(37), count]),
    make: (path: string) => ask({ method: 'POST', url, payload: { path } }),
    move: (path: string, new_path: string) => ask({ method: 'PUT', url, payload: { path, new_path } }),
    remove: (path: string) => ask({ method: 'DELETE', url, query: { path } }),
  }
}
const statusOf = ({ statusCode }: { statusCode: number }) => statusCode
const pathsOf = async ({ driveId }: Drive) =>
  (await api.pool.query<{ path: string }>(`SELECT directory || name AS path FROM living_assets WHERE drive_id = $1 ORDER BY directory, name`, [driveId])).rows.map((row) => row.path)
const told = async ({ driveId }: Drive) =>
  (await api.pool.query<{ action: string; n: number }>(`SELECT action, count(*)::int AS n FROM activity WHERE drive_id = $1 GROUP BY 1 ORDER BY 1`, [driveId])).rows.map((row) => [row.action, row.n])

describe('GET …/folders', () => {
  test('answers the folders directly in one, made or not, with the assets below them at any depth', async () => {
    const { drive, list, make } = await setting()
    for (const directory of ['/', '/a/', '/a/b/', '/a/b/c/', '/a-b/', '/a0/', '/A/', '/100%/', '/100_/', '/\u{1f3ac}/\u00e9/', '/z z/']) await drive.asset({ directory })
    await drive.asset({ directory: '/deleted/', deletedAt: new Date(), purgeAfter: new Date() })
    expect([statusOf(await make('/a/empty/deeper')), statusOf(await make('b'))]).toEqual([200, 200])
    expect(await list()).toEqual([['/100%', 1], ['/100_', 1], ['/A', 1], ['/a-b', 1], ['/a', 3], ['/a0', 1], ['/b', 0], ['/z z', 1], ['/\u{1f3ac}', 1]])
    expect(await list('/a')).toEqual([['/a/b', 2], ['/a/empty', 0]])
    for (const same of ['a', 'a/', '/a/', `/${drive.driveId}/a`, `${drive.driveId.toUpperCase()}/a/`]) expect(await list(same)).toEqual(await list('/a'))
    expect(await list('\u{1f3ac}')).toEqual([['/\u{1f3ac}/\u00e9', 1]])
    expect(await list('\u{1f3ac}/e\u0301')).toEqual([])
    expect([await list('/100_'), await list('/nowhere')]).toEqual([[], []])
  })

  test('is walked in pages, each folder once, also past one with very many assets', async () => {
    const { drive, url, answer } = await setting()
    for (let n = 0; n < 23; n += 1) await drive.asset({ directory: `/f${String(n).padStart(2, '0')}/deep/` })
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/big/', count: 20_000 })
    const names: string[] = []
    let cursor: string | null = null
    do {
      const page: Listed = await answer({ url, query: { limit: '5', ...(cursor && { cursor }) } })
      names.push(...page.items.map((each) => each.name))
      cursor = page.next_cursor
    } while (cursor)
    expect(names).toEqual(['big', ...Array.from({ length: 23 }, (_, n) => `f${String(n).padStart(2, '0')}`)])
  })

  test.each(['/a//b', 'a/../b', './a', 'a\\b', '//', '/a//', 'a/\u0007'])('refuses the path %j', async (path) => {
    const { ask, url } = await setting()
    expect((await ask({ url, query: { path } })).json()).toMatchObject({ status: 422, detail: [{ loc: ['query', 'path'], type: 'format' }] })
    expect((await ask({ method: 'POST', url, payload: { path } })).json()).toMatchObject({ status: 422, detail: [{ loc: ['body', 'path'] }] })
  })
})

describe('POST …/folders', () => {
  test('makes a folder once, in NFC; one that assets lie in is there already', async () => {
    const { drive, make, list } = await setting()
    await drive.asset({ directory: '/with/assets/' })
    expect((await make('/Cafe\u0301/')).json()).toEqual({ path: `/${drive.driveId}/Caf\u00e9`, name: 'Caf\u00e9', asset_count: 0 })
    for (const there of ['Caf\u00e9', 'Cafe\u0301', '/with', 'with/assets']) expect((await make(there)).json()).toMatchObject({ status: 409, detail: 'There is such a folder already' })
    expect(statusOf(await make('caf\u00e9'))).toBe(200) // another name by its case
    expect(statusOf(await make('/'))).toBe(422)
    expect(await list()).toEqual([['/Caf\u00e9', 0], ['/caf\u00e9', 0], ['/with', 1]])
    expect(await told(drive)).toEqual([['folder.created', 2]])
  })

  test('of many who make one at once, one does', async () => {
    const { make } = await setting()
    const answers = await Promise.all(Array.from({ length: 12 }, () => make('/once')))
    expect(answers.map(statusOf).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 409)])
  })
})

describe('PUT …/folders', () => {
  test('moves what lies below it, made folders too, and nothing beside it', async () => {
    const { drive, ask, url, move, make } = await setting()
    for (const directory of ['/a/', '/a/b/', '/a-b/', '/a0/', '/A/', '/a%/']) await drive.asset({ directory, name: 'x.mov' })
    await make('/a/empty')
    const answer = await move('/a', `/${drive.driveId}/new/place/`)
    expect(answer.json()).toMatchObject({ kind: 'move', path: `/${drive.driveId}/a`, new_path: `/${drive.driveId}/new/place`, state: 'COMPLETED', total: 2, done: 2, error: null })
    expect(await pathsOf(drive)).toEqual(['/A/x.mov', '/a%/x.mov', '/a-b/x.mov', '/a0/x.mov', '/new/place/x.mov', '/new/place/b/x.mov'])
    expect((await ask({ url, query: { path: 'new/place' } })).json<Listed>().items.map((each) => each.name)).toEqual(['b', 'empty'])
    expect(await told(drive)).toEqual([['asset.moved', 2], ['folder.created', 1], ['folder.moved', 1]])
    const { rows } = await api.pool.query(`SELECT before, after FROM activity WHERE drive_id = $1 AND action = 'asset.moved' ORDER BY id`, [drive.driveId])
    expect(rows[0]).toEqual({ before: { path: `/${drive.driveId}/a/x.mov` }, after: { path: `/${drive.driveId}/new/place/x.mov` } })
    const shown = await ask({ url: `${url}/operations/${answer.json<Operation>().id}` })
    expect(shown.json()).toEqual(answer.json())
  })

  test('to another case, another normal form, one level up or down', async () => {
    const { drive, move } = await setting()
    await drive.asset({ directory: '/a/b/', name: 'x.mov' })
    for (const [from, to] of [['/a', '/A'], ['/A/b', '/e\u0301'], ['\u00e9', 'x/y/z'], ['x/y', '/y']] as const) expect(statusOf(await move(from, to))).toBe(200)
    expect(await pathsOf(drive)).toEqual(['/y/z/x.mov'])
  })

  test('is refused into itself, onto itself, for the root, for nothing, and where something lies', async () => {
    const { drive, move, make } = await setting()
    await drive.asset({ directory: '/a/', name: 'x.mov' })
    await drive.asset({ directory: '/full/deep/', name: 'x.mov' })
    await make('/made')
    for (const [from, to, status] of [['/a', '/a/b', 422], ['/a', '/a/', 422], ['/', '/b', 422], ['/a', '/', 422], ['/none', '/b', 404], ['/a', '/full', 409], ['/a', '/full/deep', 409], ['/a', 'made', 409]] as const)
      expect([from, to, statusOf(await move(from, to))]).toEqual([from, to, status])
    expect((await move('/none', '/b')).json()).toMatchObject({ detail: 'Folder not found' })
    expect(statusOf(await move('/a', '/ab'))).toBe(200) // begins like it, and lies beside it
  })

  test('is refused where a path below it would get too long', async () => {
    const { drive, move } = await setting()
    await drive.asset({ directory: '/a/', name: `${'n'.repeat(990)}.mov` })
    expect((await move('/a', `/${'b'.repeat(999)}/${'c'.repeat(500)}`)).json()).toMatchObject({ status: 422, detail: [{ loc: ['body', 'new_path'], type: 'length' }] })
    expect((await move('/a', `/${'b'.repeat(1001)}`)).json()).toMatchObject({ status: 422, detail: [{ loc: ['body', 'new_path'], type: 'length' }] })
    expect(statusOf(await move('/a', `/${'b'.repeat(999)}`))).toBe(200)
  })

  test('is refused where an asset has the very path, and so is making one there', async () => {
    const { drive, make, move } = await setting()
    await drive.asset({ directory: '/audio/', name: 'atmo.wav' })
    await drive.asset({ directory: '/spots/', name: 'spot.mov' })
    expect([statusOf(await move('/spots', '/audio/atmo.wav')), statusOf(await make('/audio/atmo.wav'))]).toEqual([409, 409])
    expect(await pathsOf(drive)).toEqual(['/audio/atmo.wav', '/spots/spot.mov'])
  })

  test('moves exactly 1000 at once, and 1001 by a job', async () => {
    const { drive, move } = await setting()
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/a/', count: 1000 })
    expect((await move('/a', '/b')).json()).toMatchObject({ state: 'COMPLETED', total: 1000, done: 1000 })
    await drive.asset({ directory: '/b/' })
    expect((await move('/b', '/c')).json()).toMatchObject({ state: 'NOT_STARTED', total: 1001, done: 0 })
  })
})

describe('a large folder', () => {
  test('goes on where it was cut off, and what is uploaded meanwhile neither stops it nor gets lost', async () => {
    const { drive, ask, url, move, remove, make } = await setting()
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/a/', count: 2500 })
    const begun = (await move('/a', '/b')).json<Operation>()
    expect(begun).toMatchObject({ state: 'NOT_STARTED', total: 2500, done: 0 })
    const now = async () => (await ask({ url: `${url}/operations/${begun.id}` })).json<Operation>()
    const work = (signal?: AbortSignal) => runJob(api, 'folders:work', { drive_id: drive.driveId, operation_id: begun.id }, signal)

    for (const [from, to] of [['/a', '/c'], ['/b', '/c'], ['/c', '/a/x']] as const) expect([from, statusOf(await move(from, to))]).toEqual([from, 409])
    expect([statusOf(await remove('/a')), statusOf(await make('/b'))]).toEqual([409, 200])

    await expect(work(AbortSignal.abort(new Error('killed')))).rejects.toThrow('killed')
    expect(await now()).toMatchObject({ state: 'IN_PROGRESS', done: 1000, error: null })
    const taken = await drive.asset({ directory: '/b/', name: 'n002000.mov' })
    api.advance(2000)
    await drive.asset({ directory: '/a/', name: 'late.mov', createdAt: api.clock.now() })
    await expect(work(AbortSignal.abort(new Error('killed')))).rejects.toThrow('killed')
    expect(await now()).toMatchObject({ state: 'IN_PROGRESS', done: 2000 })
    await work()
    expect(await now()).toMatchObject({ state: 'COMPLETED', total: 2500, done: 2500 })
    await work() // once more changes nothing

    const paths = await pathsOf(drive)
    expect(paths).toHaveLength(2502)
    expect(paths.filter((path) => path.includes('n002000'))).toEqual(['/b/n002000 (2).mov', '/b/n002000.mov'])
    expect(paths.filter((path) => path.startsWith('/a/'))).toEqual(['/a/late.mov'])
    expect((await told(drive)).filter(([action]) => action === 'asset.moved')).toEqual([['asset.moved', 2500]])
    const { rows } = await api.pool.query(`SELECT name FROM assets WHERE id = $1`, [taken])
    expect(rows).toEqual([{ name: 'n002000.mov' }])
  })

  test('leaves what is moved into it or restored there after the order, however old that is; a new name in it is no new place', async () => {
    const { drive, ask, move, remove } = await setting()
    const { driveId } = drive
    await manyAssets(api.pool, { driveId, directory: '/a/', count: 1001 })
    await manyAssets(api.pool, { driveId, directory: '/in/', count: 1 })
    const [old, thrown, renamed] = [await drive.asset({ directory: '/' }), await drive.asset({ directory: '/a/', name: 'thrown.mov' }), await drive.asset({ directory: '/a/', name: 'x.mov' })]
    const put = (id: string, path: string) => ask({ method: 'PUT', url: `/assets/${id}`, payload: { drive_id: driveId, path } })
    await ask({ method: 'DELETE', url: `/assets/${thrown}`, query: { drive_id: driveId } })
    api.advance(1000)
    const begun = (await remove('/a')).json<Operation>()
    api.advance(1000)
    expect(statusOf(await put(old, `${driveId}/a/moved.mov`))).toBe(200)
    expect(statusOf(await put(renamed, `${driveId}/a/y.mov`))).toBe(200)
    expect(statusOf(await ask({ method: 'POST', url: `/workspaces/drives/${driveId}/trash/${thrown}/restore` }))).toBe(200)
    await runJob(api, 'folders:work', { drive_id: driveId, operation_id: begun.id })
    expect(await pathsOf(drive)).toEqual(['/a/moved.mov', '/a/thrown.mov', '/in/n000001.mov'])
    // What a whole folder brought is there since then too.
    api.advance(1000)
    expect((await move('/in', '/b')).json()).toMatchObject({ state: 'COMPLETED' })
    const { rows } = await api.pool.query(`SELECT placed_at = updated_at AS placed FROM living_assets WHERE drive_id = $1 AND directory = '/b/'`, [driveId])
    expect(rows).toEqual([{ placed: true }])
  })

  test('is put into the trash by a job, in the name of who asked for it', async () => {
    const { drive, remove } = await setting()
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/a/b/', count: 1500 })
    const begun = (await remove('/a')).json<Operation>()
    await runJob(api, 'folders:work', { drive_id: drive.driveId, operation_id: begun.id })
    expect(await pathsOf(drive)).toEqual([])
    const { rows } = await api.pool.query(`SELECT DISTINCT actor_id IS NOT NULL AS named FROM activity WHERE drive_id = $1 AND action = 'asset.deleted'`, [drive.driveId])
    expect(rows).toEqual([{ named: true }])
    expect(await told(drive)).toEqual([['asset.deleted', 1500], ['folder.deleted', 1]])
  })

  test('that nobody works on any more is ordered again after an hour, and forgotten after a month', async () => {
    const { drive, ask, url, remove } = await setting()
    await manyAssets(api.pool, { driveId: drive.driveId, directory: '/a/', count: 1001 })
    const begun = (await remove('/a')).json<Operation>()
    const waiting = async () => (await api.pool.query(`SELECT 1 FROM graphile_worker.jobs WHERE key = $1`, [`folder:${begun.id}`])).rowCount
    await api.pool.query(`DELETE FROM graphile_worker._private_jobs WHERE key = $1`, [`folder:${begun.id}`])
    await runJob(api, 'folders:tidy', {})
    expect(await waiting()).toBe(0)
    api.advance(2 * 3_600_000)
    await runJob(api, 'folders:tidy', {})
    expect(await waiting()).toBe(1)
    await runJob(api, 'folders:work', { drive_id: drive.driveId, operation_id: begun.id })
    api.advance(31 * 86_400_000)
    await runJob(api, 'folders:tidy', {})
    expect(statusOf(await ask({ url: `${url}/operations/${begun.id}` }))).toBe(404)
  })
})

describe('DELETE …/folders', () => {
  test('puts what is in it into the trash, with the folders that were made; another drive’s stays', async () => {
    const [{ drive, remove, make, list }, other] = [await setting(), await setting()]
    for (const directory of ['/a/', '/a/b/', '/a-b/']) await drive.asset({ directory, name: 'x.mov' })
    await other.drive.asset({ directory: '/a/', name: 'x.mov' })
    await make('/a/empty')
    expect((await remove('/a/')).json()).toMatchObject({ kind: 'delete', new_path: null, state: 'COMPLETED', total: 2, done: 2 })
    expect(await list()).toEqual([['/a-b', 1]])
    expect(statusOf(await remove('/a'))).toBe(404)
    expect([statusOf(await remove('/')), statusOf(await remove(''))]).toEqual([422, 422])
    expect(await pathsOf(other.drive)).toEqual(['/a/x.mov'])
    const { rows } = await api.pool.query(`SELECT purge_after - deleted_at = interval '30 days' AS kept FROM assets WHERE drive_id = $1 AND deleted_at IS NOT NULL`, [drive.driveId])
    expect(rows).toEqual([{ kept: true }, { kept: true }])
  })
})

test('a deletion takes what a number made longer than anybody may choose', async () => {
  const { drive, remove } = await setting()
  const folder = 'd'.repeat(996)
  for (const name of [`${'n'.repeat(998)}.x`, `${'n'.repeat(998)} (2).x`]) await drive.asset({ directory: `/${folder}/`, name })
  expect((await remove(folder)).json<Operation>()).toMatchObject({ state: 'COMPLETED', total: 2, done: 2 })
  expect(await pathsOf(drive)).toEqual([])
})

test('an operation of another drive, or none, is not found', async () => {
  const [{ drive, remove }, other] = [await setting(), await setting()]
  await drive.asset({ directory: '/a/' })
  const { id } = (await remove('/a')).json<Operation>()
  for (const each of [id, randomUUID()]) expect((await other.ask({ url: `${other.url}/operations/${each}` })).json()).toMatchObject({ status: 404, detail: 'Operation not found' })
})

describe('at once', () => {
  test('a folder moves while uploads arrive in it and where it goes: nothing is lost, nothing is there twice', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { drive, move } = await setting()
      await manyAssets(api.pool, { driveId: drive.driveId, directory: '/a/', count: 200 })
      const upload = async (directory: string, n: number) => {
        try {
          await drive.asset({ directory, name: `n${String(n).padStart(6, '0')}.mov` })
          return 1
        } catch {
          return 0 // the path is taken
        }
      }
      const [answer, ...uploaded] = await Promise.all([move('/a', '/b'), ...Array.from({ length: 12 }, (_, n) => upload(n % 2 ? '/b/' : '/a/', 195 + n))])
      expect([200, 409]).toContain(answer.statusCode)
      const paths = await pathsOf(drive)
      expect(paths).toHaveLength(200 + uploaded.reduce<number>((sum, each) => sum + each, 0))
      if (answer.statusCode === 200) expect(paths.filter((path) => path.startsWith('/b/')).length).toBeGreaterThanOrEqual(200)
      else expect(paths.filter((path) => path.startsWith('/a/')).length).toBeGreaterThanOrEqual(200)
    }
  })

  test('of two that move one folder, or one onto the other, one does; moves and deletions of assets beside it end without a fault', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { drive, ask, move, remove } = await setting()
      await manyAssets(api.pool, { driveId: drive.driveId, directory: '/a/', count: 100 })
      const asset = await drive.asset({ directory: '/a/', name: 'x.mov' })
      const one = { url: `/assets/${asset}` }
      const answers = await Promise.all([
        move('/a', '/b'),
        move('/a', '/c'),
        move('/b', '/a'),
        remove('/a'),
        ask({ ...one, method: 'PUT', payload: { drive_id: drive.driveId, path: '/b/x.mov' } }),
        ask({ ...one, method: 'DELETE', query: { drive_id: drive.driveId } }),
      ])
      expect(answers.map(statusOf).filter((status) => ![200, 404, 409].includes(status))).toEqual([])
      const { rows } = await api.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM assets WHERE drive_id = $1`, [drive.driveId])
      expect(rows[0]?.n).toBe(101)
      expect(new Set((await pathsOf(drive)).map((path) => path.split('/')[1])).size).toBeLessThanOrEqual(2)
    }
  })
})
