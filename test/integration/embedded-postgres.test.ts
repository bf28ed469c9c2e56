import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { type EmbeddedProcess, type EmbeddedProcessOptions, startEmbeddedProcess } from '../support/embedded-process.ts'

const root = mkdtempSync(join(tmpdir(), 'embedded-'))
const template = join(root, 'template')
let folders: string[] = []
beforeAll(async () => {
  const postgres = await startEmbeddedPostgres({ dataDir: template })
  await postgres.stop()
})
afterEach(async () => {
  for (const folder of folders) await killServer(folder)
  folders = []
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A data folder of the test's own; with a cluster in it already, since making one takes a second. */
function dataFolder({ isNew = false, below = '' } = {}): string {
  const folder = join(mkdtempSync(join(root, 'd-')), below)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!isNew) cpSync(join(template, 'cluster'), join(folder, 'cluster'), { recursive: true })
  folders.push(folder)
  return folder
}

function serverOn(folder: string): number | undefined {
  const file = join(folder, 'cluster', 'postmaster.pid')
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0
  return pid > 0 && isRunning(pid) ? pid : undefined
}

async function killServer(folder: string) {
  const pid = serverOn(folder)
  if (pid === undefined) return
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => isRunning(pid), { interval: 10 }).toBe(false)
}

/** One that has ended, but that nobody has waited for yet, does not count: process 1 of some machines takes its time. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}

async function start(options: EmbeddedProcessOptions): Promise<EmbeddedProcess> {
  const started = await startEmbeddedProcess(options)
  onTestFinished(() => void started.kill('SIGKILL'))
  return started
}

async function embedded(dataDir: string) {
  const postgres = await startEmbeddedPostgres({ dataDir })
  const pool = new pg.Pool({ connectionString: postgres.url('postgres'), max: 2 }).on('error', () => undefined)
  let closed = false
  const stop = async () => {
    if (closed) return
    closed = true
    await pool.end()
    await postgres.stop()
  }
  onTestFinished(stop)
  return { ...postgres, pool, stop }
}

const rowsOf = async (pool: pg.Pool, { child }: EmbeddedProcess) => {
  const { rows } = await pool.query<{ n: number }>('SELECT n FROM written WHERE writer = $1 ORDER BY n', [child.pid])
  return rows.map(({ n }) => n)
}

test('a process that is killed leaves its server and all it committed to the next one', async () => {
  const dataDir = dataFolder()
  const writer = await start({ dataDir })
  await expect.poll(() => writer.committed.length).toBeGreaterThan(20)
  const server = serverOn(dataDir)
  await writer.kill('SIGKILL')

  const next = await embedded(dataDir)

  expect(next.adopted).toBe(true)
  expect(serverOn(dataDir)).toBe(server)
  expect(next.url('postgres')).toBe(writer.url)
  expect(await rowsOf(next.pool, writer)).toEqual(expect.arrayContaining([...writer.committed]))
  await next.stop()
  expect(serverOn(dataDir)).toBeUndefined()
})

test('process and server killed at once: the next start finds all that was committed', async () => {
  const dataDir = dataFolder()
  const writer = await start({ dataDir })
  await expect.poll(() => writer.committed.length).toBeGreaterThan(20)
  await Promise.all([writer.kill('SIGKILL'), killServer(dataDir)])

  const next = await embedded(dataDir)

  expect(next.adopted).toBe(false)
  expect(await rowsOf(next.pool, writer)).toEqual(expect.arrayContaining([...writer.committed]))
})

test('a server that is killed under us is started again, time after time, and an open pool goes on with the same address', async () => {
  const dataDir = dataFolder()
  const { pool } = await embedded(dataDir)
  await pool.query('CREATE TABLE kept (n int)')
  for (let n = 1; n <= 3; n += 1) {
    await pool.query('INSERT INTO kept VALUES ($1)', [n])
    await killServer(dataDir)
    const answers = () => pool.query('SELECT 1').then(() => true, () => false)
    await expect.poll(answers, { timeout: 10_000, interval: 20 }).toBe(true)
    expect((await pool.query<{ n: number }>('SELECT n FROM kept ORDER BY n')).rows).toHaveLength(n)
  }
})

test('stopping in the moment in which the server died leaves none behind', async () => {
  const dataDir = dataFolder()
  const postgres = await embedded(dataDir)
  await killServer(dataDir)
  await postgres.stop()
  expect(serverOn(dataDir)).toBeUndefined()
})

test('three processes that start at once on a new folder share one server', async () => {
  const dataDir = dataFolder({ isNew: true })
  const writers = await Promise.all([1, 2, 3].map(() => start({ dataDir })))
  expect(writers.filter(({ adopted }) => !adopted)).toHaveLength(1)
  await expect.poll(() => Math.min(...writers.map(({ committed }) => committed.length)), { timeout: 10_000 }).toBeGreaterThan(5)

  const { pool } = await embedded(dataDir)

  for (const writer of writers) expect(await rowsOf(pool, writer)).toEqual(expect.arrayContaining([...writer.committed]))
  expect(await Promise.all(writers.map((writer) => writer.kill('SIGTERM')))).toEqual([0, 0, 0])
})

test('the server stays for the others that use it, and the last one stops it', async () => {
  const dataDir = dataFolder()
  const { pool, stop } = await embedded(dataDir)
  const other = await start({ dataDir })
  expect(other.adopted).toBe(true)
  const server = serverOn(dataDir)

  await stop()
  const seen = other.committed.length
  await expect.poll(() => other.committed.length).toBeGreaterThan(seen + 5)
  expect(serverOn(dataDir)).toBe(server)
  expect(pool.ended).toBe(true)

  expect(await other.kill('SIGTERM')).toBe(0)
  expect(serverOn(dataDir)).toBeUndefined()
})

test('of processes that stop in the same moment, one stops the server', async () => {
  const dataDir = dataFolder()
  const writers = await Promise.all([1, 2, 3].map(() => start({ dataDir })))
  expect(await Promise.all(writers.map((writer) => writer.kill('SIGTERM')))).toEqual([0, 0, 0])
  expect(serverOn(dataDir)).toBeUndefined()
})

test('a process that adopted the server starts it again too', async () => {
  const dataDir = dataFolder()
  const first = await start({ dataDir })
  const { pool, adopted } = await embedded(dataDir)
  await first.kill('SIGKILL')
  await killServer(dataDir)
  expect(adopted).toBe(true)
  await expect.poll(() => pool.query('SELECT 1').then(() => true, () => false), { timeout: 10_000 }).toBe(true)
})

test('lock files whose number another program has got since do not keep it from starting', async () => {
  const dataDir = dataFolder()
  const stranger = spawn('sleep', ['60'])
  onTestFinished(() => void stranger.kill())
  mkdirSync(join(dataDir, 'socket'), { mode: 0o700 })
  const lock = `${stranger.pid}\n${dataDir}/cluster\n1\n5432\n${dataDir}/socket\n\n`
  writeFileSync(join(dataDir, 'cluster', 'postmaster.pid'), lock, { mode: 0o600 })
  writeFileSync(join(dataDir, 'socket', '.s.PGSQL.5432.lock'), lock, { mode: 0o600 })

  const { pool, adopted } = await embedded(dataDir)

  expect(adopted).toBe(false)
  expect((await pool.query('SELECT 1')).rowCount).toBe(1)
  expect(isRunning(stranger.pid ?? 0)).toBe(true)
})

test('Ctrl-C in a terminal reaches the process, not its server', async () => {
  const dataDir = dataFolder()
  const writer = await start({ dataDir })
  process.kill(-(writer.child.pid ?? 0), 'SIGINT') // the whole group, as a terminal does
  const seen = writer.committed.length
  await expect.poll(() => writer.committed.length).toBeGreaterThan(seen + 20)
  expect(await writer.kill('SIGTERM')).toBe(0)
})

test('a folder whose path is too long for a socket gets one elsewhere, as private and as lasting', async () => {
  const dataDir = dataFolder({ below: `${'long'.repeat(15)}/${'ö'.repeat(30)}` })
  const first = await embedded(dataDir)
  await first.pool.query('SELECT 1')
  const socketDir = new URL(first.url('postgres')).searchParams.get('host') ?? ''
  expect(statSync(socketDir).mode & 0o777).toBe(0o700)
  await first.stop()
  const second = await embedded(dataDir)
  onTestFinished(() => rmSync(socketDir, { recursive: true, force: true }))
  expect(second.url('postgres')).toBe(first.url('postgres'))
})

test('a half-made cluster of a process that was killed is not taken for one', async () => {
  const dataDir = dataFolder({ isNew: true })
  mkdirSync(join(dataDir, 'init-0', 'base'), { recursive: true })
  const { pool } = await embedded(dataDir)
  expect((await pool.query('SELECT 1')).rowCount).toBe(1)
})

test('a server that cannot start says why', async () => {
  const dataDir = dataFolder()
  await expect(startEmbeddedPostgres({ dataDir, settings: { shared_buffers: 'plenty' } })).rejects.toThrow(/invalid value for parameter "shared_buffers"/)
})

test.runIf(process.platform === 'linux')('a server of a test run ends with the run, even when that is killed', async () => {
  const dataDir = dataFolder()
  const run = await start({ dataDir, ephemeral: true })
  const server = serverOn(dataDir) ?? 0
  expect(isRunning(server)).toBe(true)
  await run.kill('SIGKILL')
  await expect.poll(() => isRunning(server), { timeout: 10_000 }).toBe(false)
})

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('as root', () => {
  test('it runs where user namespaces are forbidden, in a folder that only root may enter', async () => {
    const dataDir = dataFolder({ isNew: true })
    const forbidding = mkdtempSync(join(root, 'bin-'))
    writeFileSync(join(forbidding, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const writer = await start({ dataDir, env: { PATH: `${forbidding}:${process.env['PATH'] ?? ''}` } })
    await expect.poll(() => writer.committed.length).toBeGreaterThan(5)
    expect(statSync(join(dataDir, 'cluster')).uid).not.toBe(0)
    await writer.kill('SIGKILL')

    const next = await embedded(dataDir) // with namespaces again: the folder stays its owner's

    expect(await rowsOf(next.pool, writer)).toEqual(expect.arrayContaining([...writer.committed]))
    await next.stop()
    const again = await embedded(dataDir)
    expect(again.adopted).toBe(false)
    expect(await rowsOf(again.pool, writer)).toEqual(expect.arrayContaining([...writer.committed]))
  })

  const canBeReached = spawnSync('test', ['-r', import.meta.filename], { uid: 65_534 }).status === 0
  test.runIf(canBeReached)('a folder of another user stays that user’s', async () => {
    const dataDir = dataFolder({ isNew: true })
    chmodSync(root, 0o755)
    chownSync(dataDir, 65_534, 65_534)
    const asRoot = await embedded(dataDir)
    await asRoot.pool.query('SELECT 1')
    await asRoot.stop()
    const asUser = await start({ dataDir, uid: 65_534 })
    await expect.poll(() => asUser.committed.length).toBeGreaterThan(5)
    expect(await asUser.kill('SIGTERM')).toBe(0)
  })
})
