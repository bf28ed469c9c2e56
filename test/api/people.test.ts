import { randomUUID } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { activity } from '../../src/db/schema/index.ts'
import { eq } from 'drizzle-orm'
import { type Harness, type Person, startHarness } from '../support/harness.ts'

let api: Harness
let operator: Person
beforeAll(async () => {
  api = await startHarness()
  operator = await api.person({ isOperator: true })
})
afterAll(() => api.stop())

const email = () => `${randomUUID()}@example.com`
async function answerOf<T>(who: Person, request: InjectOptions): Promise<T> {
  const answer = await api.as(who)(request)
  expect([answer.statusCode, answer.body]).toEqual([200, answer.body])
  return answer.json<T>()
}

test('an operator adds a user, changes and deletes them; their keys end with them', async () => {
  const address = email()
  const user = await answerOf<{ id: string; created: string }>(operator, { method: 'POST', url: '/workspaces/users', payload: { email: address, name: ' Bo ' } })
  expect(user).toMatchObject({ email: address, name: 'Bo', avatar: null, is_operator: false })
  const { key } = await answerOf<{ key: string }>(operator, { method: 'POST', url: `/workspaces/users/${user.id}/api-keys`, payload: { name: 'k' } })
  const bo: Person = { userId: user.id, email: address, key }
  expect(await answerOf(bo, { url: '/me' })).toMatchObject({ id: user.id, drives: [] })

  const changed = await answerOf(operator, { method: 'PUT', url: `/workspaces/users/${user.id}`, payload: { name: 'Bo B', avatar: 'https://example.com/a.png' } })
  expect(changed).toMatchObject({ name: 'Bo B', email: address, avatar: 'https://example.com/a.png' })
  expect(await answerOf(operator, { method: 'PUT', url: `/workspaces/users/${user.id}`, payload: { avatar: null } })).toMatchObject({ name: 'Bo B', avatar: null })

  expect(await answerOf(operator, { method: 'DELETE', url: `/workspaces/users/${user.id}` })).toBe(true)
  expect((await api.as(bo)({ url: '/me' })).statusCode).toBe(401)
  expect((await api.as(operator)({ method: 'DELETE', url: `/workspaces/users/${user.id}` })).statusCode).toBe(404)
})

test('an e-mail address is one user’s, whatever its case, until that user is deleted', async () => {
  const address = email()
  const create = (payload: object) => api.as(operator)({ method: 'POST', url: '/workspaces/users', payload })
  const first = (await create({ email: address, name: 'A' })).json<{ id: string }>()
  expect((await create({ email: address.toUpperCase(), name: 'B' })).statusCode).toBe(409)
  const other = (await create({ email: email(), name: 'C' })).json<{ id: string }>()
  expect((await api.as(operator)({ method: 'PUT', url: `/workspaces/users/${other.id}`, payload: { email: address } })).statusCode).toBe(409)
  await api.as(operator)({ method: 'DELETE', url: `/workspaces/users/${first.id}` })
  expect((await create({ email: address, name: 'B' })).statusCode).toBe(200)
})

test('who is no operator is refused by 403', async () => {
  const someone = await api.person()
  for (const [method, url] of [['GET', '/workspaces/users'], ['POST', '/workspaces/users'], ['POST', '/workspaces/drives']] as const)
    expect((await api.as(someone)({ method, url, ...(method === 'POST' && { payload: { email: email(), name: 'x' } }) })).statusCode).toBe(403)
})

test('a list is walked in pages: each once, in order, and a cursor serves its own list only', async () => {
  const owner = await api.person()
  for (let n = 0; n < 7; n += 1) await answerOf(owner, { method: 'POST', url: '/me/api-keys', payload: { name: `k${n}` } })
  const names: string[] = []
  let cursor: string | null = null
  do {
    const page: { items: { name: string }[]; next_cursor: string | null } = await answerOf(owner, { url: '/me/api-keys', query: { limit: '3', ...(cursor && { cursor }) } })
    names.push(...page.items.map((each) => each.name))
    cursor = page.next_cursor
  } while (cursor)
  expect(names).toEqual(['test', 'k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6'])

  const { next_cursor: own } = await answerOf<{ next_cursor: string }>(owner, { url: '/me/api-keys', query: { limit: '1' } })
  const stranger = await api.person()
  for (const wrong of [own, `${own}x`, 'x', own.split('.')[0] ?? ''])
    expect((await api.as(stranger)({ url: '/me/api-keys', query: { cursor: wrong } })).json()).toMatchObject({ status: 422, detail: [{ loc: ['query', 'cursor'] }] })
})

test('whoever makes a drive is its ADMIN; members come, change and go, and it stands in the activity', async () => {
  const drive = await answerOf<{ id: string }>(operator, { method: 'POST', url: '/workspaces/drives', payload: { name: 'Film' } })
  const url = `/workspaces/drives/${drive.id}`
  const someone = await api.person({ name: 'Cy' })
  expect(await answerOf(operator, { method: 'POST', url: `${url}/members`, payload: { email: someone.email.toUpperCase(), role: roles.EDITOR } })).toMatchObject({ user_id: someone.userId, name: 'Cy', role: 30 })
  expect((await api.as(operator)({ method: 'POST', url: `${url}/members`, payload: { user_id: someone.userId, role: 10 } })).statusCode).toBe(409)
  expect(await answerOf(operator, { method: 'PUT', url: `${url}/members/${someone.userId}`, payload: { role: roles.VIEWER } })).toMatchObject({ role: 15 })
  expect((await answerOf<{ items: unknown[] }>(someone, { url: `${url}/members` })).items).toHaveLength(2)
  expect(await answerOf(someone, { url: '/me' })).toMatchObject({ drives: [{ id: drive.id, name: 'Film', role: 15 }] })
  expect(await answerOf(operator, { method: 'DELETE', url: `${url}/members/${someone.userId}` })).toBe(true)
  expect((await api.as(someone)({ url })).statusCode).toBe(404)

  const told = await api.db.select({ action: activity.action, actor: activity.actorId }).from(activity).where(eq(activity.driveId, drive.id)).orderBy(activity.id)
  expect(told).toEqual(['drive.created', 'member.added', 'member.updated', 'member.removed'].map((action) => ({ action, actor: operator.userId })))
})

test.each([
  ['both a user and an address', { user_id: randomUUID(), email: 'a@example.com', role: 10 }, 422],
  ['neither', { role: 10 }, 422],
  ['a role that is none', { email: 'a@example.com', role: 11 }, 422],
  ['a role by its name', { email: 'a@example.com', role: 'ADMIN' }, 422],
  ['a user who does not exist', { user_id: randomUUID(), role: 10 }, 404],
])('a new member given as %s is refused', async (_name, payload, status) => {
  const drive = await api.drive()
  const admin = await drive.member(roles.ADMIN)
  expect((await api.as(admin)({ method: 'POST', url: `/workspaces/drives/${drive.driveId}/members`, payload })).statusCode).toBe(status)
})

test('nobody gives, changes or takes a role above their own', async () => {
  const drive = await api.drive()
  const [admin, manager, someone] = [await drive.member(roles.ADMIN), await drive.member(roles.FULL_ACCESS), await api.person()]
  const url = `/workspaces/drives/${drive.driveId}/members`
  expect((await api.as(manager)({ method: 'POST', url, payload: { user_id: someone.userId, role: roles.ADMIN } })).statusCode).toBe(403)
  expect((await api.as(manager)({ method: 'PUT', url: `${url}/${manager.userId}`, payload: { role: roles.ADMIN } })).statusCode).toBe(403)
  expect((await api.as(manager)({ method: 'PUT', url: `${url}/${admin.userId}`, payload: { role: roles.VIEWER } })).statusCode).toBe(403)
  expect((await api.as(manager)({ method: 'DELETE', url: `${url}/${admin.userId}` })).statusCode).toBe(403)
  expect((await api.as(manager)({ method: 'POST', url, payload: { user_id: someone.userId, role: roles.FULL_ACCESS } })).statusCode).toBe(200)
})

test('the last ADMIN stays, also when two leave at once', async () => {
  const busy = await startHarness({ connections: 4 })
  try {
    for (let round = 0; round < 10; round += 1) {
      const drive = await busy.drive()
      const admins = [await drive.member(roles.ADMIN), await drive.member(roles.ADMIN)]
      const answers = await Promise.all(admins.map((who) => busy.as(who)({ method: 'DELETE', url: `/workspaces/drives/${drive.driveId}/members/${who.userId}` })))
      expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 409])
    }
  } finally {
    await busy.stop()
  }
})

test('the last ADMIN stays when users are deleted at once, and the last operator too', async () => {
  const busy = await startHarness({ connections: 4 })
  try {
    for (let round = 0; round < 8; round += 1) {
      const [drive, boss] = [await busy.drive(), await busy.person({ isOperator: true })]
      const admins = [await drive.member(roles.ADMIN), await drive.member(roles.ADMIN)]
      const answers = await Promise.all(admins.map((who) => busy.as(boss)({ method: 'DELETE', url: `/workspaces/users/${who.userId}` })))
      expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 409])
    }
    const two = [await busy.person({ isOperator: true }), await busy.person({ isOperator: true })]
    const each = await Promise.all(two.map((who, at) => busy.as(who)({ method: 'DELETE', url: `/workspaces/users/${two[1 - at]?.userId}` })))
    expect(each.filter((answer) => answer.statusCode === 200)).toHaveLength(1)
  } finally {
    await busy.stop()
  }
})

test('a role that the guard still remembers brings nobody back onto a deleted drive', async () => {
  const remembering = await startHarness({ accessCacheMs: 60_000 })
  try {
    const drive = await remembering.drive('Gone')
    const admin = await drive.member(roles.ADMIN)
    const other = await remembering.person()
    const url = `/workspaces/drives/${drive.driveId}`
    expect((await remembering.as(admin)({ method: 'DELETE', url, query: { name: 'Gone' } })).statusCode).toBe(200)
    for (const role of [0, 10, 50]) expect((await remembering.as(admin)({ method: 'POST', url: `${url}/members`, payload: { user_id: other.userId, role } })).statusCode).toBe(404)
    expect((await remembering.as(admin)({ method: 'PUT', url, payload: { name: 'Back' } })).statusCode).toBe(404)
    await remembering.storage.put(`drives/${drive.driveId}/assets/x/source`, Buffer.from('left'), { contentType: 'video/mp4' })
    const purge = remembering.handlers.find((handler) => handler.job.name === 'drives:purge')
    await purge?.run({ drive_id: drive.driveId }, { signal: AbortSignal.timeout(10_000), attempt: 1, isLast: false }, () => Promise.reject(new Error('unused')) as never)
    expect(await remembering.storage.head(`drives/${drive.driveId}/assets/x/source`)).toBeUndefined()
    expect((await remembering.as(admin)({ method: 'POST', url: `${url}/members`, payload: { user_id: other.userId, role: 10 } })).statusCode).toBe(404)
  } finally {
    await remembering.stop()
  }
})

test('deleting a drive asks for its name, and ends it for everybody at once', async () => {
  const drive = await api.drive('Old film')
  const admin = await drive.member(roles.ADMIN)
  const url = `/workspaces/drives/${drive.driveId}`
  expect((await api.as(admin)({ method: 'DELETE', url, query: { name: 'old film' } })).statusCode).toBe(422)
  expect((await api.as(admin)({ method: 'DELETE', url, query: { name: 'Old film' } })).json()).toBe(true)
  expect((await api.as(admin)({ url })).statusCode).toBe(404)
})
