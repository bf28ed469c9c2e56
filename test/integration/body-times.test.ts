import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { createLocalDisk } from '../../src/adapters/local-disk/local-disk.ts'
import { anotherInstance } from '../support/another-instance.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { chunkType, idIn, tusOn } from '../support/tus.ts'

/** Far less than the usual minute, and time enough for a busy machine to notice. */
const ample = 10_000

let api: Harness
let server: Awaited<ReturnType<typeof anotherInstance>>
beforeAll(async () => {
  api = await startHarness()
  server = await anotherInstance(api, { storage: (links) => createLocalDisk({ root: join(api.folder, 'objects'), links }), bodyTimes: { wholeMs: 600, idleMs: 600 } })
})
afterAll(async () => {
  await server.stop()
  await api.stop()
})

/** Says its head, and hears what comes until the connection ends. */
async function speak(head: readonly string[]) {
  const socket: Socket = connect(server.port, '127.0.0.1')
  let said = ''
  const ended = new Promise<number>((done) => socket.once('close', () => done(performance.now())))
  socket.on('data', (data) => void (said += String(data))).on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(`${head.join('\r\n')}\r\nhost: x\r\n\r\n`)
  const from = performance.now()
  return { socket, said: () => said, endedAfter: async () => (await ended) - from }
}

async function upload(size: number) {
  const drive = await api.drive()
  const who = await drive.member(roles.EDITOR)
  const tus = tusOn(api, who, drive.driveId)
  const url = await tus.begun(size, 'a.bin')
  const lines = (length: number) => [`PATCH ${url} HTTP/1.1`, `authorization: ${who.key}`, 'tus-resumable: 1.0.0', 'upload-offset: 0', `content-type: ${chunkType}`, `content-length: ${length}`]
  return { ...tus, driveId: drive.driveId, who, url, lines }
}

test('JSON must be in within its time, however it drips', async () => {
  const { who } = await upload(1)
  const { socket, said, endedAfter } = await speak(['POST /me/api-keys HTTP/1.1', `authorization: ${who.key}`, 'content-type: application/json', 'content-length: 100'])
  const drip = setInterval(() => socket.write(' '), 100)
  const after = await endedAfter()
  clearInterval(drip)
  expect(after).toBeGreaterThan(500)
  expect(after).toBeLessThan(ample)
  expect(said()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\ncontent-type: application\/problem\+json/)
})

test('bytes may come for as long as they come', async () => {
  const { lines, url, ...tus } = await upload(40)
  const { socket, said } = await speak(lines(40))
  for (let sent = 0; sent < 40; sent += 2) {
    socket.write('ab')
    await pause(100)
  }
  await expect.poll(said, { timeout: ample }).toMatch(/^HTTP\/1\.1 204/)
  expect((await tus.head(url)).headers['dailies-asset-id']).toBeTruthy()
  socket.destroy()
})

test('bytes that stop coming end the request, and what came stays', async () => {
  const { lines, url, ...tus } = await upload(40)
  const { socket, said, endedAfter } = await speak(lines(40))
  socket.write('abcdef')
  const after = await endedAfter()
  expect(after).toBeGreaterThan(500)
  expect(after).toBeLessThan(ample)
  expect(said()).toMatch(/^HTTP\/1\.1 408/)
  expect((await tus.head(url)).headers['upload-offset']).toBe('6')
})

test('a signed PUT may take its time too, and leaves nothing where it stops', async () => {
  const link = await server.storage.signPut('x/slow', { contentType: 'video/mp4', size: 20, expires: new Date(Date.now() + 60_000) })
  const head = [`PUT ${link.url} HTTP/1.1`, 'content-type: video/mp4', 'content-length: 20']
  const slow = await speak(head)
  for (let sent = 0; sent < 20; sent += 2) {
    slow.socket.write('ab')
    await pause(100)
  }
  await expect.poll(slow.said, { timeout: ample }).toMatch(/^HTTP\/1\.1 200/)
  expect((await server.storage.head('x/slow'))?.size).toBe(20)
  slow.socket.destroy()
  await server.storage.delete(['x/slow'])
  const stuck = await speak(head)
  stuck.socket.write('ab')
  expect(await stuck.endedAfter()).toBeLessThan(ample)
  expect(await server.storage.head('x/slow')).toBeUndefined()
})

test('a body that was refused is not listened to for ever', async () => {
  const { lines } = await upload(40)
  const refused = await speak(lines(41))
  const drip = setInterval(() => refused.socket.write('a'), 50)
  const after = await refused.endedAfter()
  clearInterval(drip)
  expect(refused.said()).toMatch(/^HTTP\/1\.1 413/)
  expect(after).toBeLessThan(ample)
})

test('a body that nobody takes yet, and an answer that takes its time, are waited for', async () => {
  const { lines, url, ...tus } = await upload(10)
  await api.pool.query(`UPDATE uploads SET locked_by = gen_random_uuid(), locked_until = now() + interval '2 seconds' WHERE id = $1`, [idIn(url)])
  const { socket, said } = await speak(lines(10))
  socket.write('0123456789')
  await expect.poll(said, { timeout: ample }).toMatch(/^HTTP\/1\.1 204/)
  socket.destroy()
  expect((await tus.head(url)).headers['dailies-asset-id']).toBeTruthy()
})

/** Whoever sends more than is taken in at once, and reads the answer only then. */
async function sendSlowly(socket: Socket, bytes: number) {
  const faults: unknown[] = []
  socket.on('error', (error) => faults.push(error))
  for (let sent = 0; sent < bytes && faults.length === 0; sent += 2 ** 20) {
    if (!socket.write(Buffer.alloc(Math.min(2 ** 20, bytes - sent)))) await once(socket, 'drain', { signal: AbortSignal.timeout(ample) })
    await pause(10)
  }
  return faults
}

test('what the store refuses is answered, while the client is still sending', async () => {
  const size = 20 * 2 ** 20
  for (const more of [[], [`upload-checksum: sha1 ${Buffer.alloc(20).toString('base64')}`]]) {
    const { lines, url } = await upload(size)
    const found = await api.pool.query<{ store_upload_id: string }>('SELECT store_upload_id FROM uploads WHERE id = $1', [idIn(url)])
    await rm(join(api.folder, 'objects', '.multipart', found.rows[0]?.store_upload_id ?? 'none'), { recursive: true })
    const { socket, said } = await speak([...lines(size), ...more])
    socket.pause()
    expect(await sendSlowly(socket, size)).toEqual([])
    socket.resume()
    await expect.poll(said, { timeout: ample }).toMatch(/^HTTP\/1\.1 404 Not Found\r\n[^]*content-type: application\/problem\+json[^]*"request_id"/)
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n') // the connection serves on
    await expect.poll(() => said().match(/HTTP\/1\.1/g)?.length, { timeout: ample }).toBe(2)
    socket.destroy()
  }
})

test('who has to let go of an upload is told so, also when it sends on', async () => {
  const size = 20 * 2 ** 20
  const { lines, url, ...tus } = await upload(size)
  const { socket, said } = await speak(lines(size))
  let dripped = 0
  const drip = setInterval(() => void (socket.write('a') && (dripped += 1)), 50)
  await expect.poll(async () => (await api.pool.query('SELECT FROM uploads WHERE id = $1 AND locked_by IS NOT NULL', [idIn(url)])).rowCount, { timeout: ample }).toBe(1)
  socket.pause()
  const asked = await tus.head(url)
  clearInterval(drip)
  expect([asked.statusCode, Number(asked.headers['upload-offset']) > 0]).toEqual([200, true])
  expect(await sendSlowly(socket, size - dripped)).toEqual([])
  socket.resume()
  await expect.poll(said, { timeout: ample }).toMatch(/^HTTP\/1\.1 423 Locked\r\n[^]*\r\nretry-after: \d+\r\n[^]*application\/problem\+json/)
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
  await expect.poll(() => said().match(/HTTP\/1\.1/g)?.length, { timeout: ample }).toBe(2)
  socket.destroy()
})
