import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** xorshift: the same moments and choices for the same seed, as far as the machine allows. */
export function randomFrom(seed: number): () => number {
  let state = seed || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** Also where a run breaks off, a server goes with it. */
const started = new Set<ChildProcess>()
process.once('exit', () => started.forEach((server) => server.kill('SIGKILL')))

/** The built server, until it says that it is ready. */
export async function startBuilt(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const server = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  started.add(server)
  await new Promise<void>((ready, failed) => {
    server.stdout?.on('data', (text: Buffer) => (String(text).includes('is ready') ? ready() : undefined))
    server.once('exit', (code) => failed(new Error(`the server ended with ${code}`)))
  })
  server.removeAllListeners('exit')
  server.once('exit', () => started.delete(server))
  return server
}

/** kill -9 to it and to the Postgres that it brought along (`home` is DAILIES_HOME). */
export async function killWithPostgres(server: ChildProcess, home: string): Promise<void> {
  const postmaster = Number((await readFile(join(home, 'postgres/cluster/postmaster.pid'), 'utf8').catch(() => '0')).split('\n')[0])
  const gone = new Promise((done) => server.once('exit', done))
  server.kill('SIGKILL')
  if (postmaster > 0) process.kill(postmaster, 'SIGKILL')
  await gone
}
