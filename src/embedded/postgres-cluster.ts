import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { chmodSync, closeSync, existsSync, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Account, accountFor } from './postgres-account.ts'
import { postgresBinaries } from './postgres-binaries.ts'

/**
 * One data folder and the PostgreSQL on it:
 * `cluster/` is PostgreSQL's, `socket/` is where it listens, `postgres.log` is what it said since it was last started by hand.
 */
export interface Cluster {
  readonly socketDir: string
  /** The server's process, whoever started it; undefined when none runs, and of one in another container. */
  readonly pid: () => number | undefined
  /** Makes the cluster where there is none yet. Two processes may do so at once: one of both results is kept. */
  readonly initialise: () => Promise<void>
  /** Starts a server that outlives us. It ends by itself when another one is faster. */
  readonly serve: () => ChildProcess
  /** The end of what the server said since it was last started from here. */
  readonly lastWords: () => string
  readonly remove: () => void
}

export interface ClusterOptions {
  readonly dataDir: string
  readonly ephemeral: boolean
  readonly settings: Readonly<Record<string, string>>
}

const port = 5432 // of no network: it only names the socket's file

export function openCluster({ dataDir, ephemeral, settings }: ClusterOptions): Cluster {
  mkdirSync(resolve(dataDir), { recursive: true, mode: 0o700 })
  const home = realpathSync(dataDir)
  const folder = join(home, 'cluster')
  const account = accountFor(home)
  account.own(home)
  const socketDir = socketFolder(home, account)
  const log = join(home, 'postgres.log')
  const native = postgresBinaries()
  let startedAt = 0 // bytes of the log
  const flags = Object.entries({ ...defaults, ...(ephemeral && forgetful), unix_socket_directories: socketDir, ...settings })

  return {
    socketDir,
    pid: () => runningOn(folder),
    initialise: async () => {
      if (existsSync(join(folder, 'PG_VERSION'))) return
      await initialise({ home, folder, account, initdb: join(native, 'bin', 'initdb'), ephemeral })
    },
    serve: () => {
      chmodSync(folder, 0o700) // PostgreSQL insists, and a folder that was copied or restored may have lost it
      removeStale(join(folder, 'postmaster.pid'), folder)
      removeStale(join(socketDir, `.s.PGSQL.${port}.lock`), folder)
      const args = ['-D', folder, '-p', String(port), ...flags.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
      const output = openLog(log, account)
      startedAt = fstatSync(output).size
      return spawnDetached(account.command(...dyingWithUs(ephemeral, join(native, 'bin', 'postgres'), args)), output)
    },
    lastWords: () => (existsSync(log) ? readFileSync(log).subarray(startedAt).toString().trimEnd().split('\n').slice(-8).join('\n') : ''),
    remove: () => {
      for (const each of [home, socketDir]) rmSync(each, { recursive: true, force: true })
    },
  }
}

const defaults = {
  listen_addresses: '', // no TCP port, so none can clash
  unix_socket_permissions: '0700',
  max_connections: '60',
  shared_buffers: '64MB',
  log_min_messages: 'log', // without the errors of statements: a taken name is everyday business
  log_checkpoints: 'off',
}
const forgetful = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' }
const environment = { PATH: process.env['PATH'] ?? '', LC_ALL: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8', TZ: 'UTC' }

/** Beside the data, so that it stays the same over restarts and is as private as they are; elsewhere only where a socket's path would be too long. */
function socketFolder(home: string, account: Account): string {
  const longest = process.platform === 'linux' ? 107 : 103 // bytes of sockaddr_un.sun_path, less the closing zero
  const beside = join(home, 'socket')
  const fits = Buffer.byteLength(join(beside, `.s.PGSQL.${port}`)) <= longest
  const folder = fits ? beside : join('/tmp', `dailies-${createHash('sha256').update(home).digest('hex').slice(0, 24)}`)
  mkdirSync(folder, { mode: 0o700, recursive: true })
  if (lstatSync(folder).uid === process.getuid?.()) account.own(folder)
  const { uid, mode } = lstatSync(folder) // not stat: in /tmp anybody may have put a link there
  if (uid !== account.uid || (mode & 0o170077) !== 0o040000) throw new Error(`${folder} must be a folder of user ${account.uid} that nobody else may enter.`)
  return folder
}

interface Initialisation {
  readonly home: string
  readonly folder: string
  readonly account: Account
  readonly initdb: string
  readonly ephemeral: boolean
}

/** In a folder of its own first: a cluster is there whole or not at all, also after kill -9. */
async function initialise({ home, folder, account, initdb, ephemeral }: Initialisation) {
  removeLeftovers(home)
  const draft = join(home, `init-${randomUUID()}`)
  // An encoding and an order of text that do not follow `$LANG`, and are the same on every machine.
  const locale = ['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const [program, args] = account.command(initdb, ['-D', draft, '-U', 'postgres', '-A', 'trust', ...locale, ...(ephemeral ? ['--no-sync'] : [])])
  const { code, said } = await new Promise<{ code: number | null; said: string }>((done, failed) => {
    const child = spawn(program, args, { env: environment, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)))
    child.once('error', failed).once('close', (code) => done({ code, said }))
  })
  if (code !== 0) throw new Error(`PostgreSQL's initdb failed in ${home}: ${said}`)
  try {
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(join(folder, 'PG_VERSION'))) throw error // else a second process was faster: theirs it is
  }
}

function removeLeftovers(home: string) {
  const tenMinutesAgo = Date.now() - 600_000
  for (const name of readdirSync(home).filter((each) => each.startsWith('init-'))) {
    const draft = join(home, name)
    if (statSync(draft).mtimeMs < tenMinutesAgo) rmSync(draft, { recursive: true, force: true })
  }
}

/** A group and session of its own: Ctrl-C in the terminal is for us, and the requests under way still need their database. */
function spawnDetached([program, args]: readonly [string, readonly string[]], log: number): ChildProcess {
  const child = spawn(program, args, { env: environment, cwd: '/', detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  child.on('error', () => undefined) // reported through `exitCode`, `lastWords` and the deadline
  child.unref()
  return child
}

/** A cluster of a test run must not outlive the run, even when that is killed. Linux alone can promise this. */
function dyingWithUs(ephemeral: boolean, program: string, args: readonly string[]): [string, readonly string[]] {
  const bound = ['--pdeathsig', 'INT']
  if (!ephemeral || spawnSync('setpriv', [...bound, 'true'], { stdio: 'ignore' }).status !== 0) return [program, args]
  return ['setpriv', [...bound, program, ...args]]
}

function openLog(file: string, account: Account): number {
  const isLong = existsSync(file) && statSync(file).size > 1024 * 1024
  if (isLong) renameSync(file, `${file}.1`)
  const log = openSync(file, 'a', 0o600)
  account.own(file)
  return log
}

/** Line 1 of either lock file is the server's process. */
function writtenIn(file: string): number | undefined {
  if (!existsSync(file)) return undefined
  const pid = Math.abs(Number(readFileSync(file, 'utf8').split('\n')[0]))
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

function runningOn(folder: string): number | undefined {
  const pid = writtenIn(join(folder, 'postmaster.pid'))
  return pid !== undefined && serves(pid, folder) ? pid : undefined
}

/** PostgreSQL takes over the lock of a process that is gone, but not one whose number another program has got since, as after a reboot. */
function removeStale(lock: string, folder: string) {
  const pid = writtenIn(lock)
  if (pid !== undefined && isRunning(pid) && !serves(pid, folder)) rmSync(lock, { force: true })
}

const serves = (pid: number, folder: string) => commandLine(pid).includes(` -D ${folder} `)

function commandLine(pid: number): string {
  if (process.platform !== 'linux') return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') // empty for a process that has ended and that nobody has waited for
  } catch {
    return ''
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
