import { readdir } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Harness, type Person, startHarness } from '../support/harness.ts'

let api: Harness
let operator: Person
beforeAll(async () => {
  api = await startHarness()
  operator = await api.person({ isOperator: true })
})
afterAll(() => api.stop())

const post = (payload: string, type = 'application/json') =>
  api.app.inject({ method: 'POST', url: '/workspaces/drives', headers: { authorization: operator.key, 'content-type': type }, payload })
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

describe('a body', () => {
  test('that is no JSON is 400', async () => {
    for (const text of ['{', 'null}', '{"name":"x",}', '\u{1}']) expect([text, (await post(text)).statusCode]).toEqual([text, 400])
  })

  test('that is empty counts as absent, whatever its type says', async () => {
    const answer = await post('')
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ detail: [{ loc: ['body', 'name'], type: 'missing' }] })
    const withoutBody = await api.app.inject({ method: 'GET', url: '/me', headers: { authorization: operator.key, 'content-type': 'application/json' } })
    expect(withoutBody.statusCode).toBe(200)
    const deleted = await api.app.inject({ method: 'DELETE', url: '/me/api-keys/00000000-0000-0000-0000-000000000001', headers: { authorization: operator.key, 'content-type': 'application/json', 'content-length': '0' } })
    expect(deleted.statusCode).toBe(404)
  })

  test('with fields that nobody knows is taken without them', async () => {
    expect((await post('{"name":"x","body":{},"other":[1]}')).statusCode).toBe(200)
  })

  test('of another type is 415', async () => expect((await post('<a/>', 'text/xml')).statusCode).toBe(415))

  test('nested 33 or 50,000 deep is 422, and 32 is not', async () => {
    for (const depth of [33, 50_000]) expect((await post(`{"name":"x","a":${nested(depth)}}`)).json()).toMatchObject({ status: 422, detail: [{ type: 'depth' }] })
    expect((await post(`{"name":"x","a":${nested(31)}}`)).statusCode).toBe(200)
  })

  test('with U+0000 or half a surrogate pair in a string is 422, and says where', async () => {
    for (const [text, loc] of [['{"name":"a\\u0000"}', ['body', 'name']], ['{"name":"x","b":["\\ud800"]}', ['body', 'b', 0]]] as const)
      expect((await post(text)).json()).toMatchObject({ status: 422, detail: [{ loc, type: 'format' }] })
    const query = await api.app.inject({ url: '/me/api-keys?cursor=%00', headers: { authorization: operator.key } })
    expect(query.statusCode).toBe(422)
  })

  test('of 300,000 little lists is looked through in a moment', async () => {
    const text = `{"name":"x","a":[${'[],'.repeat(300_000)}[]]}`
    const from = performance.now()
    expect((await post(text)).statusCode).toBe(200)
    expect(performance.now() - from).toBeLessThan(5000)
  })

  test('over 1 MiB is 413', async () => expect((await post(JSON.stringify({ name: 'x'.repeat(1 << 20) }))).statusCode).toBe(413))

  test('names every fault at once', async () => {
    const answer = await api.app.inject({ method: 'POST', url: '/workspaces/users', headers: { authorization: operator.key }, payload: { email: 'x', name: '', avatar: 'javascript:alert(1)' } })
    expect(answer.json<{ detail: { loc: unknown; type: string }[] }>().detail.map(({ loc, type }) => [loc, type])).toEqual([
      [['body', 'email'], 'format'],
      [['body', 'name'], 'length'],
      [['body', 'avatar'], 'format'],
    ])
  })
})

test('numbers in a query are plain decimals', async () => {
  for (const limit of ['0', '201', '0x10', '', ' 5', '1e2', '5.0', '-1', 'Infinity']) {
    const answer = await api.app.inject({ url: '/me/api-keys', query: { limit }, headers: { authorization: operator.key } })
    expect([limit, answer.statusCode]).toEqual([limit, 422])
  }
})

test('an unknown path is a problem too, and every answer has its id', async () => {
  const answer = await api.app.inject({ url: '/nothing?secret=1', headers: { 'x-request-id': 'mine-1' } })
  expect(answer.statusCode).toBe(404)
  expect(answer.headers['x-request-id']).toBe('mine-1')
  expect(answer.json()).toMatchObject({ request_id: 'mine-1', detail: 'There is no GET /nothing' })
  const own = await api.app.inject({ url: '/health/live', headers: { 'x-request-id': 'x'.repeat(65) } })
  expect(own.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
})

test('what never reaches a route is a problem too, says its id and repeats no credential', async () => {
  for (const url of ['/assets/%zz?authorization=sk_secret', '/assets/%c0%ae', `/assets/${'x'.repeat(1200)}`, '/assets/x/source#authorization=sk_secret']) {
    const answer = await api.app.inject({ url })
    expect([url.slice(0, 30), answer.statusCode >= 400 && answer.statusCode < 500, answer.headers['content-type']]).toEqual([url.slice(0, 30), true, 'application/problem+json; charset=utf-8'])
    expect(answer.headers['x-request-id']).toBeTruthy()
    expect(answer.body).not.toContain('sk_secret')
  }
})

/** As it is: an HTTP client would mend the address first. */
async function raw(request: string): Promise<string> {
  const { port } = api.app.server.address() as AddressInfo // a TCP server's address
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  let said = ''
  for await (const chunk of socket) said += String(chunk)
  return said
}

test('what is no HTTP is answered and closed; a path that climbs is no fault of ours', async () => {
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  expect(await raw('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/)
  for (const path of ['/docs/static/..', '/docs/static/%2e%2e', '/docs/static/%00', '/docs/static//', '/assets/x/source#authorization=sk_secret', '//', '/../../etc/passwd']) {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    expect([path, answer.slice(9, 10)]).toEqual([path, expect.stringMatching(/[234]/)])
    expect(answer).not.toContain('sk_secret')
  }
})

test('answers that were asked for ahead are let go with the connection', async () => {
  const drive = await api.drive()
  await drive.asset()
  const key = 'x/large'
  await api.storage.put(key, Buffer.alloc(4 << 20), { contentType: 'video/mp4' })
  const { port } = api.app.server.address() as AddressInfo // as above
  const link = await api.storage.signGet(key, { disposition: 'inline', contentType: 'video/mp4', expires: new Date(Date.now() + 60_000) })
  const open = async () => (await readdir('/proc/self/fd')).length
  const before = await open()
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.write(`GET ${link} HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(100))
  await pause(1000)
  socket.destroy()
  await pause(500)
  expect(await open()).toBeLessThan(before + 10)
})

test('an address that is malformed is 400', async () => expect((await api.app.inject({ url: '/assets/%E0%A4%A' })).statusCode).toBe(400))
