import { randomUUID } from 'node:crypto'
import jwt, { type JwtPayload } from 'jsonwebtoken'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { keysFor } from '../../src/access/secrets.ts'
import { createAttachmentTokens, tokenSeconds } from '../../src/attachments/attachment-token.ts'
import { attachments, type UploadAnswer } from '../support/attachments.ts'
import { type Harness, secrets, startHarness } from '../support/harness.ts'

const tokens = { key: 'a key that signs the tests’ tokens, 32 bytes', algorithms: ['HS256'], issuer: 'https://id.example', audience: 'dailies' } as const

let api: Harness
let files: ReturnType<typeof attachments>
beforeAll(async () => {
  api = await startHarness({ tokens })
  files = attachments(api)
})
afterAll(() => api.stop())

async function drive() {
  const made = await api.drive()
  return { ...made, commenter: await made.member(roles.COMMENTER) }
}

test('answers a link for one PUT of 15 minutes, and a token of a day that says what was declared', async () => {
  const { driveId, commenter } = await drive()
  const bytes = Buffer.from('hello')
  const answer = await files.ask(commenter, driveId, { size: bytes.length, name: '  Notes “final”.txt ', mime_type: 'Text/Plain; charset=utf-8' })
  expect(answer.statusCode).toBe(200)
  const upload = answer.json<UploadAnswer>()
  expect(upload).toMatchObject({ method: 'PUT', headers: { 'content-type': 'text/plain; charset=utf-8' } })
  const now = api.clock.now().getTime()
  expect((Date.parse(upload.expires_at) - now) / 60_000).toBeCloseTo(15, 0)

  const claims = jwt.verify(upload.token, keysFor(secrets, 'attachments')[0] ?? '', { algorithms: ['HS256'] }) as JwtPayload
  expect(claims).toMatchObject({ drive_id: driveId, name: 'Notes “final”.txt', mime_type: 'text/plain; charset=utf-8', size: 5, sub: commenter.userId, typ: 'attachment' })
  expect((claims.exp ?? 0) - now / 1000).toBeCloseTo(tokenSeconds, -1)
  const rows = () => api.pool.query('SELECT id, kind, state, key, reference_count FROM objects WHERE drive_id = $1', [driveId]).then((result) => result.rows)
  expect(await rows()).toEqual([{ id: claims.jti, kind: 'attachment', state: 'reserved', key: `drives/${driveId}/attachments/${claims.jti}`, reference_count: 0 }])

  expect((await files.put(upload, Buffer.from('hello!'))).statusCode).toBe(403)
  expect((await files.put({ ...upload, headers: { 'content-type': 'text/html' } }, bytes)).statusCode).toBe(403)
  expect((await files.put(upload, bytes)).statusCode).toBe(200)
  expect((await api.storage.head(`drives/${driveId}/attachments/${claims.jti}`))?.size).toBe(5)
})

test('what nobody attaches is swept after a day', async () => {
  const { driveId, commenter } = await drive()
  await files.uploaded(commenter, driveId, Buffer.from('left'))
  api.advance(86_400_000 + 60_000)
  const sweep = api.handlers.find((each) => each.job.name === 'objects:sweep')
  await sweep?.run({}, { signal: AbortSignal.timeout(10_000), attempt: 1, isLast: false }, () => Promise.reject(new Error('unused')) as never)
  expect((await api.pool.query('SELECT 1 FROM objects WHERE drive_id = $1', [driveId])).rowCount).toBe(0)
  const left: string[] = []
  for await (const { key } of api.storage.list(`drives/${driveId}/`)) left.push(key)
  expect(left).toEqual([])
})

test.each([
  [{ size: 0 }, 422, 'size'],
  [{ size: -1 }, 422, 'size'],
  [{ size: 1.5 }, 422, 'size'],
  [{ size: '5' }, 422, 'size'],
  [{ size: undefined }, 422, 'size'],
  [{ size: 2 ** 30 + 1 }, 413, undefined],
  [{ size: Number.MAX_SAFE_INTEGER }, 413, undefined],
  [{ name: 'x'.repeat(256) }, 422, 'name'],
  [{ name: '   ' }, 422, 'name'],
  [{ name: 7 }, 422, 'name'],
  [{ mime_type: 'image' }, 422, 'mime_type'],
  [{ mime_type: '' }, 422, 'mime_type'],
  [{ mime_type: 'image/png\r\nx-evil: 1' }, 422, 'mime_type'],
  [{ mime_type: 'image/png, text/html' }, 422, 'mime_type'],
  [{ mime_type: `image/${'x'.repeat(300)}` }, 422, 'mime_type'],
])('refuses %j with %i', async (draft, status, field) => {
  const { driveId, commenter } = await drive()
  const answer = await files.ask(commenter, driveId, draft)
  expect(answer.statusCode).toBe(status)
  if (field) expect(answer.json()).toMatchObject({ detail: expect.arrayContaining([expect.objectContaining({ loc: ['body', field] })]) })
  expect((await api.pool.query('SELECT 1 FROM objects WHERE drive_id = $1', [driveId])).rowCount).toBe(0)
})

test.each(['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'image/svg+xml', 'video/mp4; codecs="avc1.42E01E, mp4a.40.2"', 'text/plain;charset=utf-8', 'application/x-7z-compressed'])('takes %s', async (mime_type) => {
  const { driveId, commenter } = await drive()
  expect((await files.ask(commenter, driveId, { mime_type })).statusCode).toBe(200)
})

test('is for who may comment on that drive', async () => {
  const { driveId, member } = await drive()
  expect((await files.ask(await member(roles.DOWNLOADER), driveId, {})).statusCode).toBe(403)
  const stranger = await api.person()
  expect((await files.ask(stranger, driveId, {})).json()).toMatchObject({ status: 404, detail: 'Drive not found' })
  expect((await files.ask(stranger, randomUUID(), {})).json()).toMatchObject({ status: 404, detail: 'Drive not found' })
})

test('an attachment token is no access token, and an access token is no attachment token', async () => {
  const { driveId, member } = await drive()
  const editor = await member(roles.EDITOR)
  const token = await files.uploaded(editor, driveId, Buffer.from('x'))
  for (const authorization of [token, `Bearer ${token}`]) expect((await api.app.inject({ url: '/me', headers: { authorization } })).statusCode).toBe(401)
  // Not even with all that an access token says, and signed by the key of the one or the other.
  const exp = Math.floor(api.clock.now().getTime() / 1000) + 600
  const all = { sub: editor.userId, iss: tokens.issuer, aud: tokens.audience, exp, jti: randomUUID(), drive_id: driveId, name: 'a.png', mime_type: 'image/png', size: 1 }
  const [ours = ''] = keysFor(secrets, 'attachments')
  for (const [payload, key] of [[{ ...all, typ: 'attachment' }, ours], [all, ours], [{ ...all, typ: 'attachment' }, tokens.key]] as const)
    expect((await api.app.inject({ url: '/me', headers: { authorization: `Bearer ${jwt.sign(payload, key)}` } })).statusCode).toBe(401)

  const read = createAttachmentTokens({ keys: keysFor(secrets, 'attachments'), clock: api.clock }).read
  expect(read(token)).toMatchObject({ driveId, size: 1 })
  for (const [payload, key] of [[{ ...all, typ: 'access' }, ours], [all, ours], [{ ...all, typ: 'attachment' }, tokens.key], [{ ...all, typ: 'attachment' }, secrets[0] ?? '']] as const) expect(read(jwt.sign(payload, key))).toBeUndefined()
  expect((await api.app.inject({ url: '/me', headers: { authorization: `Bearer ${jwt.sign({ ...all, typ: 'access' }, tokens.key)}` } })).statusCode).toBe(200)
})

test('tokens are signed with the first secret, and read with any; no other algorithm counts, and each has its end', () => {
  const all = keysFor(secrets, 'attachments')
  const clock = { now: () => new Date(1_800_000_000_000) }
  const attachment = { id: randomUUID(), driveId: randomUUID(), name: 'a', mimeType: 'image/png', size: 1, uploader: randomUUID() }
  const { read } = createAttachmentTokens({ keys: all, clock })
  const before = createAttachmentTokens({ keys: all.slice(1), clock })
  expect(read(before.sign(attachment))).toEqual(attachment)
  expect(before.read(createAttachmentTokens({ keys: all, clock }).sign(attachment))).toBeUndefined()

  const claims = jwt.decode(before.sign(attachment)) as JwtPayload
  const [key = ''] = all
  expect(read(jwt.sign(claims, key, { algorithm: 'HS256' }))).toEqual(attachment)
  expect(read(jwt.sign(claims, key, { algorithm: 'HS512' }))).toBeUndefined()
  expect(read(`${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`)).toBeUndefined()
  for (const change of [{ size: 0 }, { size: '1' }, { jti: 'x' }, { drive_id: undefined }, { typ: undefined }, { sub: undefined }]) expect(read(jwt.sign(JSON.parse(JSON.stringify({ ...claims, ...change })) as object, key))).toBeUndefined()
  const endless = Object.fromEntries(Object.entries(claims).filter(([name]) => name !== 'exp'))
  expect(read(jwt.sign(endless, key))).toBeUndefined()
  const later = createAttachmentTokens({ keys: all, clock: { now: () => new Date(1_800_000_000_000 + tokenSeconds * 1000) } })
  expect(later.read(jwt.sign(claims, key))).toBeUndefined()
})
