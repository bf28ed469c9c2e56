import { Socket } from 'node:net'
import pg from 'pg'

/**
 * One connection that a process keeps for as long as it uses the embedded server. It shares a lock with the leases of
 * other processes, so that the last one knows that it is the last; and when the server dies, it is the first to know.
 */
export interface Lease {
  readonly lost: Promise<void>
  /** True when no other process holds a lease; from then on none gets one, so the server may be stopped. */
  readonly claimAlone: () => Promise<boolean>
  readonly giveUp: () => Promise<void>
}

const lock = [0x64616c, 1] // any pair that nothing else locks in the database `postgres`

export const connectionString = (socketDir: string, database: string) =>
  `postgres://postgres@localhost/${database}?host=${encodeURIComponent(socketDir)}`

/** Undefined while no server answers, or while the one that does is being stopped. */
export async function tryLease(socketDir: string): Promise<Lease | undefined> {
  const socket = new Socket()
  const client = new pg.Client({
    stream: () => socket,
    connectionString: connectionString(socketDir, 'postgres'),
    application_name: `dailies:${process.pid}`,
    connectionTimeoutMillis: 5000,
  })
  const lost = new Promise<void>((done) => client.once('end', done))
  client.on('error', () => undefined) // `end` follows
  try {
    await client.connect()
    if (!(await isTrue(client, 'pg_try_advisory_lock_shared'))) throw new Error('The server is being stopped')
  } catch {
    await client.end().catch(() => undefined)
    return undefined
  }
  socket.unref() // a forgotten `stop` leaves the server running, as kill -9 would; it must not leave this process running
  return {
    lost,
    async claimAlone() {
      socket.ref()
      // Own share first: of two processes that stop in the same moment, one at least then finds itself alone.
      return (await isTrue(client, 'pg_advisory_unlock_shared')) && (await isTrue(client, 'pg_try_advisory_lock'))
    },
    giveUp: () => client.end().catch(() => undefined),
  }
}

async function isTrue(client: pg.Client, lockFunction: string): Promise<boolean> {
  const { rows } = await client.query<{ answer: boolean }>(`SELECT ${lockFunction}($1, $2) AS answer`, lock)
  return rows[0]?.answer === true
}
