import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import type { DuplicateGroup } from '../../src/features/duplicates/duplicates.schemas.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

const hashOf = (text: string) => createHash('sha256').update(text).digest()
interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

async function setting() {
  const drive = await api.drive()
  const viewer = await drive.member(roles.VIEWER)
  const read = async <Item>(url: string, query: Record<string, string> = {}) => (await api.as(viewer)({ url, query })).json<Page<Item>>()
  async function all<Item>(url: string, limit: number): Promise<Item[]> {
    const found: Item[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Page<Item> = await read(url, { limit: String(limit), ...(cursor && { cursor }) })
      expect(page.items.length).toBeLessThanOrEqual(limit)
      found.push(...page.items)
      cursor = page.next_cursor
    }
    return found
  }
  return {
    drive,
    viewer,
    read,
    /** An asset of this content; the bytes themselves matter to nobody here. */
    of: (content: string, rest: Parameters<typeof drive.asset>[0] = {}) => drive.asset({ contentHash: hashOf(content), sizeBytes: content.length, ...rest }),
    othersOf: (id: string, limit = 50) => all<{ id: string; path: string; preview_images: unknown[] }>(`/assets/${id}/duplicates`, limit),
    groups: (limit = 50) => all<DuplicateGroup>(`/workspaces/drives/${drive.driveId}/duplicates`, limit),
  }
}

describe('GET /assets/{asset_id}/duplicates', () => {
  test('answers the other assets of the drive with the same content, the oldest first', async () => {
    const { drive, of, othersOf } = await setting()
    const [first, second, third] = [await of('film', { directory: '/a/', name: 'a.mov' }), await of('film', { name: 'b.mov' }), await of('film')]
    const other = await of('another')
    expect((await othersOf(second)).map(({ id }) => id)).toEqual([first, third])
    expect((await othersOf(first))[0]).toMatchObject({ id: second, path: `/${drive.driveId}/b.mov`, preview_images: [] })
    expect(await othersOf(other)).toEqual([])
  })

  test('in pages', async () => {
    const { of, othersOf } = await setting()
    const ids: string[] = []
    for (let n = 0; n < 8; n += 1) ids.push(await of('film'))
    for (const limit of [1, 3, 7, 50]) expect((await othersOf(ids[0] ?? '', limit)).map(({ id }) => id)).toEqual(ids.slice(1))
  })

  test('takes no cursor of another asset', async () => {
    const { viewer, of, read } = await setting()
    const [one, other] = [await of('film'), await of('film')]
    await of('film')
    const { next_cursor } = await read(`/assets/${one}/duplicates`, { limit: '1' })
    expect((await api.as(viewer)({ url: `/assets/${other}/duplicates`, query: { cursor: next_cursor ?? '' } })).statusCode).toBe(422)
  })

  test('what lies in the trash, is empty, was not read yet or is on another drive, is no duplicate', async () => {
    const { drive, of, othersOf, groups } = await setting()
    const elsewhere = await setting()
    const at = { deletedAt: new Date(), purgeAfter: new Date(Date.now() + 1000) }
    const one = await of('film')
    await of('film', at)
    await elsewhere.of('film')
    const [empty, unread] = [await of(''), await drive.asset()]
    await of('')
    await drive.asset()
    for (const id of [one, empty, unread]) expect(await othersOf(id)).toEqual([])
    expect(await groups()).toEqual([])
  })

  test('an asset that is absent, foreign or in the trash is not found, and a METADATA_VIEWER may not', async () => {
    const { drive, viewer, of } = await setting()
    const elsewhere = await setting()
    const foreign = await elsewhere.of('film')
    const trashed = await of('film', { deletedAt: new Date(), purgeAfter: new Date() })
    const own = await of('film')
    for (const id of [foreign, trashed, randomUUID()]) expect((await api.as(viewer)({ url: `/assets/${id}/duplicates` })).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
    const member = await drive.member(roles.METADATA_VIEWER)
    for (const url of [`/assets/${own}/duplicates`, `/workspaces/drives/${drive.driveId}/duplicates`]) expect((await api.as(member)({ url })).statusCode).toBe(403)
  })
})

describe('GET /workspaces/drives/{drive_id}/duplicates', () => {
  test('answers each content that is there more than once, what it wastes, and its assets', async () => {
    const { drive, of, groups } = await setting()
    const film = [await of('a film', { directory: '/a/', name: 'a.mov' }), await of('a film', { name: 'b.mov' }), await of('a film', { name: 'c.mov' })]
    const still = [await of('still'), await of('still')]
    await of('alone')
    const found = await groups()
    const wanted = [
      { content_hash: hashOf('a film').toString('hex'), size_bytes: 6, count: 3, wasted_bytes: 12, ids: film },
      { content_hash: hashOf('still').toString('hex'), size_bytes: 5, count: 2, wasted_bytes: 5, ids: still },
    ].sort((a, b) => (a.content_hash < b.content_hash ? -1 : 1))
    expect(found.map(({ assets, ...group }) => ({ ...group, ids: assets.map(({ id }) => id) }))).toEqual(wanted)
    const members = found.find(({ count }) => count === 3)?.assets
    expect(members?.map(({ path }) => path)).toEqual(['a/a.mov', 'b.mov', 'c.mov'].map((path) => `/${drive.driveId}/${path}`))
  })

  test('in pages, each content once', async () => {
    const { of, groups } = await setting()
    for (let n = 0; n < 9; n += 1) for (let twice = 0; twice < 2; twice += 1) await of(`film ${n}`)
    const whole = (await groups()).map(({ content_hash }) => content_hash)
    expect(new Set(whole).size).toBe(9)
    for (const limit of [1, 4, 9]) expect((await groups(limit)).map(({ content_hash }) => content_hash)).toEqual(whole)
  })

  test('shows the 20 oldest of a content that is there more often, and counts all', async () => {
    const { of, groups, othersOf } = await setting()
    const ids: string[] = []
    for (let n = 0; n < 23; n += 1) ids.push(await of('film'))
    const [group] = await groups()
    expect([group?.count, group?.wasted_bytes, group?.assets.map(({ id }) => id)]).toEqual([23, 88, ids.slice(0, 20)])
    expect(await othersOf(ids[0] ?? '')).toHaveLength(22)
  })

  test('takes one statement, as the duplicates of an asset do', async () => {
    const warm = await startHarness({ accessCacheMs: 60_000 })
    try {
      const drive = await warm.drive()
      const viewer = await drive.member(roles.VIEWER)
      const [id] = [await drive.asset({ contentHash: hashOf('film') }), await drive.asset({ contentHash: hashOf('film') })]
      for (const url of [`/assets/${id}/duplicates`, `/workspaces/drives/${drive.driveId}/duplicates`]) {
        const ask = () => warm.as(viewer)({ url, query: { drive_id: drive.driveId } })
        expect((await ask()).json<Page<unknown>>().items).toHaveLength(1)
        expect((await warm.counting(ask)).statements).toHaveLength(1)
      }
    } finally {
      await warm.stop()
    }
  })
})
