import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { translateDatabaseError } from '../../src/db/database-errors.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

test('who waits too long for what another holds is told to try again', async () => {
  const drive = await api.drive()
  const editor = await drive.member(roles.EDITOR)
  const id = await drive.asset({ name: 'held.mov' })
  const other = await api.morePool(1).connect()
  await other.query('BEGIN')
  await other.query('SELECT FROM assets WHERE id = $1 FOR UPDATE', [id])
  await api.pool.query(`SET statement_timeout = '300ms'`) // of the one connection, in place of eight seconds
  const answer = await api.as(editor)({ method: 'PUT', url: `/assets/${id}`, payload: { drive_id: drive.driveId, path: 'moved.mov' } })
  expect([answer.statusCode, answer.headers['retry-after'], answer.json<{ detail: string }>().detail]).toEqual([503, '5', 'Others are at work on the same things just now: try again'])
  await other.query('ROLLBACK')
  other.release()
  await pause(1)
  expect((await api.as(editor)({ method: 'PUT', url: `/assets/${id}`, payload: { drive_id: drive.driveId, path: 'moved.mov' } })).statusCode).toBe(200)
})

test.each(['57014', '55P03', '40P01', '40001'])('%s of Postgres is a database that is busy', (code) => {
  expect(translateDatabaseError(Object.assign(new Error('as Postgres says it'), { code }))).toMatchObject({ code: 'unavailable' })
})
