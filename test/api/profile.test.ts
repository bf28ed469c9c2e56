import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { keyHash, newKey } from '../../src/access/api-keys.ts'
import { apiKeys, users } from '../../src/db/schema/index.ts'
import { type Harness, type Person, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

describe('PUT /me', () => {
  const put = (who: Person, payload: object) => api.as(who)({ method: 'PUT', url: '/me', payload })

  test('changes name and avatar; what is absent stays, null clears', async () => {
    const drive = await api.drive('Films')
    const ana = await drive.member(roles.VIEWER)
    const me = { id: ana.userId, name: 'Ana Diaz', email: ana.email, avatar: null, is_operator: false, drives: [{ id: drive.driveId, name: 'Films', role: 15 }] }
    const avatar = 'https://example.com/ana.png'
    expect((await put(ana, { avatar })).json()).toEqual({ ...me, avatar })
    expect((await put(ana, { name: '  Ana Ruiz ' })).json()).toEqual({ ...me, avatar, name: 'Ana Ruiz' })
    expect((await put(ana, {})).json()).toEqual({ ...me, avatar, name: 'Ana Ruiz' })
    expect((await put(ana, { avatar: null, email: 'other@example.com', is_operator: true })).json()).toEqual({ ...me, name: 'Ana Ruiz' })
    expect((await api.as(ana)({ url: '/me' })).json()).toEqual({ ...me, name: 'Ana Ruiz' })
  })

  test.each([{ name: ' ' }, { name: null }, { name: 'x'.repeat(201) }, { avatar: 'ana.png' }, { avatar: 'javascript:alert(1)' }, { avatar: 3 }])('refuses %j with 422', async (payload) => {
    const answer = await put(await api.person(), payload)
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ detail: [{ loc: ['body', Object.keys(payload)[0]] }] })
  })

  test('is refused to a key that works on one drive', async () => {
    const drive = await api.drive()
    const ana = await drive.member(roles.ADMIN)
    const key = newKey()
    await api.db.insert(apiKeys).values({ id: randomUUID(), userId: ana.userId, onlyDriveId: drive.driveId, name: 'narrow', hash: keyHash(key), createdAt: new Date() })
    expect((await put({ ...ana, key }, { name: 'B' })).statusCode).toBe(403)
    expect((await api.as(ana)({ url: '/me' })).json()).toMatchObject({ name: 'Ana Diaz' })
  })
})

describe('GET /assets/{asset_id}/mentionable-users', () => {
  test('answers the members who may comment, by name whatever its case, without who was deleted', async () => {
    const drive = await api.drive()
    const [asset, reader] = [await drive.asset(), await drive.member(roles.COMMENTER)]
    const named = async (name: string, role: 0 | 15 | 20 | 30) => {
      const { userId, email } = await api.person({ name })
      await drive.join(userId, role)
      return { id: userId, name, email, avatar: null, role }
    }
    const [zoe, bo, bob, emil, deleted] = [await named('zoe', 20), await named('Bo', 30), await named('bo', 20), await named('Émil', 30), await named('Carl', 30)]
    await Promise.all([named('Dora', 15), named('Eve', 0), (await api.drive()).member(roles.EDITOR)])
    await api.db.update(users).set({ deletedAt: new Date() }).where(eq(users.id, deleted.id))
    const answer = await api.as(reader)({ url: `/assets/${asset}/mentionable-users`, query: { drive_id: drive.driveId } })
    const self = { id: reader.userId, name: 'Ana Diaz', email: reader.email, avatar: null, role: 20 }
    expect([answer.statusCode, answer.json()]).toEqual([200, [self, ...(bo.id < bob.id ? [bo, bob] : [bob, bo]), zoe, emil]])
  })

  test('is for who may comment, and for an asset that is there', async () => {
    const [drive, other] = [await api.drive(), await api.drive()]
    const [asset, foreign, trashed] = [await drive.asset(), await other.asset(), await drive.asset({ deletedAt: new Date(), purgeAfter: new Date() })]
    const [commenter, viewer] = [await drive.member(roles.COMMENTER), await drive.member(roles.VIEWER)]
    const status = async (who: Person, id: string) => (await api.as(who)({ url: `/assets/${id}/mentionable-users`, query: { drive_id: drive.driveId } })).statusCode
    expect([await status(viewer, asset), await status(commenter, asset)]).toEqual([403, 200])
    expect([await status(commenter, foreign), await status(commenter, trashed), await status(commenter, randomUUID())]).toEqual([404, 404, 404])
  })
})
