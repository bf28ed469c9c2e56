import { randomUUID } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import Fastify from 'fastify'
import jwt from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Action, roles } from '../../src/access/actions.ts'
import type { Route } from '../../src/http/define-route.ts'
import { addGuard } from '../../src/http/guard.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { routes } from '../support/route-table.ts'

/** The lowest role for each action, written down a second time on purpose: `src/access/actions.ts` is what is under test. */
const lowest: Readonly<Record<Action, number>> = { read_metadata: 10, read: 15, view_stack_versions: 15, download: 17, comment: 20, edit_metadata: 30, edit: 30, manage: 40, administer: 50 }
const ladder = [roles.NONE, roles.METADATA_VIEWER, roles.VIEWER, roles.DOWNLOADER, roles.COMMENTER, roles.EDITOR, roles.FULL_ACCESS, roles.ADMIN]

const tokens = { key: 'a key that signs the tests’ tokens, 32 bytes', algorithms: ['HS256'], issuer: 'https://id.example', audience: 'dailies' } as const

let api: Harness
beforeAll(async () => {
  api = await startHarness({ tokens })
})
afterAll(() => api.stop())

const guarded = routes.filter((route) => route.access.kind !== 'public')
const onDrives = guarded.filter((route) => route.access.kind === 'asset' || route.access.kind === 'drive')
const named = (list: readonly Route[]) => list.map((route) => [`${route.method} ${route.url}`, route] as const)

test('there are routes to guard, and what is open says why', () => {
  expect(onDrives.length).toBeGreaterThan(10)
  const open = routes.filter((route) => route.access.kind === 'public').map((route) => `${route.method} ${route.url}`)
  expect(open.sort()).toEqual([
    'DELETE /objects/*', 'GET /', 'GET /health/live', 'GET /health/ready', 'GET /objects/*', 'HEAD /objects/*',
    'OPTIONS /workspaces/drives/{drive_id}/uploads', 'OPTIONS /workspaces/drives/{drive_id}/uploads/{upload_id}',
    'PATCH /objects/*', 'POST /objects/*', 'PUT /objects/*',
  ])
})

describe.each(named(guarded))('%s', (_name, route) => {
  test('answers 401 to nobody and to who shows nonsense', async () => {
    const drive = await api.drive()
    const request = requestFor(route, { driveId: drive.driveId, assetId: await drive.asset() })
    for (const authorization of [undefined, '', 'sk_nonsense', `sk_${'A'.repeat(43)}`, 'Bearer', 'Bearer x.y.z', 'Basic YTpi']) {
      const answer = await api.app.inject({ ...request, headers: authorization === undefined ? {} : { authorization } })
      expect([authorization, answer.statusCode]).toEqual([authorization, 401])
      if (route.method !== 'HEAD') expect(answer.json()).toMatchObject({ type: 'about:blank', title: 'Unauthorized', status: 401 })
    }
  })
})

describe.each(named(onDrives))('%s', (_name, route) => {
  test('answers 404 to a member of another drive, as for what does not exist', async () => {
    const [drive, elsewhere] = [await api.drive(), await api.drive()]
    const stranger = api.as(await elsewhere.member(roles.ADMIN))
    const seen = await stranger(requestFor(route, { driveId: drive.driveId, assetId: await drive.asset() }))
    const none = await stranger(requestFor(route, { driveId: randomUUID(), assetId: randomUUID() }))
    expect([seen.statusCode, none.statusCode]).toEqual([404, 404])
    if (route.method !== 'HEAD') expect(withoutId(seen.json())).toEqual(withoutId(none.json()))
  })

  test('answers 404 below every role, 403 to each that is too low, and lets the others in', async () => {
    const { access } = route
    if (access.kind !== 'asset' && access.kind !== 'drive') throw new Error('not on a drive')
    const drive = await api.drive()
    const assetId = await drive.asset()
    for (const role of ladder) {
      const member = await drive.member(role)
      const { statusCode } = await api.as(member)(requestFor(route, { driveId: drive.driveId, assetId }))
      const seen = statusCode === 404 && role === 0 ? 'nothing' : statusCode === 403 ? 'refused' : statusCode < 500 && statusCode !== 401 ? 'in' : statusCode
      expect([role, seen]).toEqual([role, role === 0 ? 'nothing' : role < lowest[access.action] ? 'refused' : 'in'])
    }
  })
})

describe('credentials', () => {
  const me = (authorization: string) => api.app.inject({ url: '/me', headers: { authorization } })

  test('a key counts raw and as Bearer', async () => {
    const { key } = await api.person()
    expect((await me(key)).statusCode).toBe(200)
    expect((await me(`Bearer ${key}`)).statusCode).toBe(200)
  })

  test('an expired key and a revoked key are none', async () => {
    const owner = await api.person()
    const expires = new Date(api.clock.now().getTime() + 60_000).toISOString()
    const short = (await api.as(owner)({ method: 'POST', url: '/me/api-keys', payload: { name: 'short', expires } })).json<{ key: string; id: string }>()
    const other = (await api.as(owner)({ method: 'POST', url: '/me/api-keys', payload: { name: 'other' } })).json<{ key: string; id: string }>()
    expect([(await me(short.key)).statusCode, (await me(other.key)).statusCode]).toEqual([200, 200])
    await api.as(owner)({ method: 'DELETE', url: `/me/api-keys/${other.id}` })
    api.advance(61_000)
    expect([(await me(short.key)).statusCode, (await me(other.key)).statusCode]).toEqual([401, 401])
  })

  test('a key of one drive sees no other, and makes no key that does', async () => {
    const [one, other] = [await api.drive(), await api.drive()]
    const owner = await one.member(roles.ADMIN)
    await other.join(owner.userId, roles.ADMIN)
    const { key } = (await api.as(owner)({ method: 'POST', url: '/me/api-keys', payload: { name: 'narrow', drive_id: one.driveId } })).json<{ key: string }>()
    const narrow = (url: string, rest: InjectOptions = {}) => api.app.inject({ ...rest, url, headers: { authorization: key } })
    expect((await narrow(`/workspaces/drives/${one.driveId}`)).statusCode).toBe(200)
    expect((await narrow(`/workspaces/drives/${other.driveId}`)).statusCode).toBe(404)
    expect((await narrow('/me')).json<{ drives: unknown[] }>().drives).toHaveLength(1)
    const wider = await narrow('/me/api-keys', { method: 'POST', payload: { name: 'wide' } })
    expect(wider.json()).toMatchObject({ drive_id: one.driveId })
    expect((await narrow('/me/api-keys', { method: 'POST', payload: { name: 'wide', drive_id: other.driveId } })).statusCode).toBe(404)
    const { id } = (await api.as(owner)({ method: 'POST', url: '/me/api-keys', payload: { name: 'elsewhere', drive_id: other.driveId } })).json<{ id: string }>()
    expect((await narrow('/me/api-keys')).json<{ items: { drive_id: string }[] }>().items.every((key) => key.drive_id === one.driveId)).toBe(true)
    expect((await narrow(`/me/api-keys/${id}`, { method: 'DELETE' })).statusCode).toBe(404)
  })

  test('a key makes none that lives longer, and none once it was revoked, whatever the guard remembers', async () => {
    const remembering = await startHarness({ accessCacheMs: 60_000 })
    try {
      const owner = await remembering.person()
      const make = (key: string, payload: object) => remembering.app.inject({ method: 'POST', url: '/me/api-keys', headers: { authorization: key }, payload })
      const expires = new Date(Date.now() + 60_000).toISOString()
      const { key, id } = (await make(owner.key, { name: 'short', expires })).json<{ key: string; id: string }>()
      expect((await make(key, { name: 'endless' })).statusCode).toBe(422)
      expect((await make(key, { name: 'later', expires: new Date(Date.now() + 90_000).toISOString() })).statusCode).toBe(422)
      expect((await make(key, { name: 'child', expires })).statusCode).toBe(200)
      await remembering.as(owner)({ method: 'DELETE', url: `/me/api-keys/${id}` })
      expect((await make(key, { name: 'late child', expires })).statusCode).toBe(401)
    } finally {
      await remembering.stop()
    }
  })

  test('a key of one drive runs no installation, even an operator’s', async () => {
    const drive = await api.drive()
    const operator = await api.person({ isOperator: true })
    await drive.join(operator.userId, roles.ADMIN)
    const { key } = (await api.as(operator)({ method: 'POST', url: '/me/api-keys', payload: { name: 'narrow', drive_id: drive.driveId } })).json<{ key: string }>()
    expect((await api.app.inject({ url: '/workspaces/users', headers: { authorization: operator.key } })).statusCode).toBe(200)
    expect((await api.app.inject({ url: '/workspaces/users', headers: { authorization: key } })).statusCode).toBe(403)
  })

  test('access tokens: only from the configured issuer, for us, in time, with our algorithm, of a user there is', async () => {
    const { userId } = await api.person()
    const now = Math.floor(api.clock.now().getTime() / 1000)
    const claims = { sub: userId, iss: tokens.issuer, aud: tokens.audience, exp: now + 60 }
    const bearer = (payload: object, key: string = tokens.key, algorithm: jwt.Algorithm = 'HS256') => me(`Bearer ${jwt.sign(payload, key, { algorithm })}`)
    for (const typ of [undefined, 'access', 'Bearer']) expect((await bearer({ ...claims, ...(typ && { typ }) })).statusCode).toBe(200)

    const { exp: _, ...endless } = claims
    const wrong = [{ ...claims, exp: now - 1 }, { ...claims, nbf: now + 60 }, { ...claims, iss: 'x' }, { ...claims, aud: 'x' }, { ...claims, sub: randomUUID() }, { ...claims, sub: 'x' }, { ...claims, typ: 'attachment' }, endless]
    for (const payload of wrong) expect([payload, (await bearer(payload)).statusCode]).toEqual([payload, 401])
    expect((await bearer(claims, 'another key of 32 bytes, or a few more')).statusCode).toBe(401)
    expect((await bearer(claims, tokens.key, 'HS512')).statusCode).toBe(401)
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
    expect((await me(`Bearer ${none}`)).statusCode).toBe(401)
  })

  test('?authorization= counts only where it is listed', async () => {
    const drive = await api.drive()
    const member = await drive.member(roles.ADMIN)
    const id = await drive.asset({ bytes: Buffer.from('film') })
    const query = { drive_id: drive.driveId, authorization: member.key }
    expect((await api.app.inject({ url: `/assets/${id}/source`, query })).statusCode).toBe(307)
    expect((await api.app.inject({ url: `/assets/${id}`, query })).statusCode).toBe(401)
  })
})

test('a collection that is named decides alone, and an unknown one shows nothing, not even to a member', async () => {
  const drive = await api.drive()
  const member = await drive.member(roles.ADMIN)
  const id = await drive.asset()
  const query = { drive_id: drive.driveId }
  for (const request of [{ query, headers: { 'shade-collection-id': randomUUID() } }, { query, headers: { 'collection-id': randomUUID() } }, { query: { ...query, share_id: randomUUID() } }]) {
    const answer = await api.as(member)({ url: `/assets/${id}`, ...request })
    expect([answer.statusCode, answer.json<{ detail: string }>().detail]).toEqual([404, 'Collection not found'])
  }
})

test('a route that states no access rule does not start', () => {
  const app = Fastify()
  addGuard(app, api)
  expect(() => app.get('/open', async () => 'hello')).toThrow('GET /open states no access rule')
})

function requestFor(route: Route, { driveId, assetId }: { driveId: string; assetId: string }): InjectOptions {
  const { access } = route
  const drive = access.kind === 'asset' || access.kind === 'drive' ? access.drive : undefined
  const url = route.url.replace('{drive_id}', driveId).replace('{asset_id}', assetId).replaceAll(/\{\w+\}/g, () => randomUUID())
  return {
    method: route.method as 'GET',
    url,
    query: { ...(drive === 'query' && { drive_id: driveId }), path: 'a.mov', origin_type: 'PREVIEW', download: 'false', asset_id: assetId },
    ...(route.body && { payload: drive === 'body' ? { drive_id: driveId } : {} }),
  }
}

const withoutId = (problem: Record<string, unknown>) => ({ ...problem, request_id: '' })
