/**
 * What others notice of 1,000 small files that come in at once: how long answers on another drive take while the server is idle, while the files arrive, and
 * while the worker works on them; for API and worker as processes of their own, and for one process that does both.
 * Usage: npm run bench:many   (FILES=1000 RATE=20 IDLE=40 MODES=split,one)
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openPool } from '../../src/db/client.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { manyAssets } from '../../test/support/many-assets.ts'
import { type Client, latenciesUntil, type Latencies, summaryOf } from './clients.ts'
import { smallFiles } from './files.ts'

const [count, idleSeconds, slots] = [Number(process.env['FILES'] ?? 1000), Number(process.env['IDLE'] ?? 40), 2]
const modes = { split: ['api', 'worker'], one: ['all'] } as const
type Mode = keyof typeof modes
const wanted = (process.env['MODES'] ?? 'split,one').split(',').filter((each): each is Mode => each in modes)

async function startProcess(role: string, environment: NodeJS.ProcessEnv): Promise<Server> {
  const child = spawn(process.execPath, ['dist/main.js'], { env: { ...environment, ROLE: role }, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((ready, failed) => {
    child.stdout.on('data', (text: Buffer) => (/is ready|works on/.test(String(text)) ? ready() : undefined))
    child.once('exit', (code) => failed(new Error(`ROLE=${role} ended with ${code}`)))
  })
  return Object.assign(child, { pid: child.pid ?? 0 })
}

const exited = (child: ChildProcess) => new Promise<void>((done, failed) => child.once('exit', (code) => (code === 0 ? done() : failed(new Error(`${child.spawnargs.join(' ')} ended with ${code}`)))))
async function stop(child: ChildProcess) {
  const gone = exited(child)
  child.kill('SIGTERM')
  await gone
}

/** Seconds of processor time: of the thread that answers, of the process with that, and of the children that it has had. */
function processorTime(pid: number) {
  const secondsIn = (path: string, at: number) => {
    const fields = readFileSync(path, 'utf8').replace(/^.*\) /s, '').split(' ').map(Number)
    return ((fields[at] ?? 0) + (fields[at + 1] ?? 0)) / 100 // user and system, in ticks
  }
  return { thread: secondsIn(`/proc/${pid}/task/${pid}/stat`, 11), own: secondsIn(`/proc/${pid}/stat`, 11), children: secondsIn(`/proc/${pid}/stat`, 13) }
}

/** People and two drives: one that files come into, and one with 200 assets that somebody else looks at. */
async function furnish(environment: NodeJS.ProcessEnv, origin: string, pool: ReturnType<typeof openPool>) {
  const run = (...args: string[]) => JSON.parse(execFileSync(process.execPath, ['dist/cli/main.js', ...args, '--json'], { env: environment, encoding: 'utf8' })) as { readonly id: string; readonly key?: string } // what the command line answers
  const personOn = (email: string, role: string) => {
    run('users', 'create', '--email', email, '--name', email)
    const { key = '' } = run('keys', 'create', '--email', email, '--name', 'bench')
    const driveId = run('drives', 'create', email).id
    run('members', 'set', driveId, email, role)
    return { key, driveId }
  }
  const [sender, reader] = [personOn('sender@example.com', 'EDITOR'), personOn('reader@example.com', 'VIEWER')]
  await manyAssets(pool, { driveId: reader.driveId, directory: '/many/', count: 200 })
  await pool.query(`INSERT INTO previews (drive_id, id, asset_id, object_id, frame, width, height) SELECT drive_id, gen_random_uuid(), id, source_object_id, frame, 512, 288 FROM assets, generate_series(0, 700, 100) AS frame`)
  await pool.query('VACUUM ANALYZE')
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM assets WHERE drive_id = $1', [reader.driveId])
  return { sender, client: { origin, ...reader, assetIds: rows.map(({ id }) => id) } satisfies Client }
}

async function untilDone(pool: ReturnType<typeof openPool>) {
  for (let left = '1'; left !== '0'; await pause(500)) left = (await pool.query<{ n: string }>(`SELECT count(*) AS n FROM graphile_worker.jobs WHERE task_identifier LIKE 'assets:%'`)).rows[0]?.n ?? '0'
}

type Server = ChildProcess & { readonly pid: number }
interface Stage {
  readonly mode: Mode
  readonly processes: readonly Server[]
  readonly pool: ReturnType<typeof openPool>
  readonly client: Client
  /** Sends all files to the other drive; resolves when they are there. */
  readonly send: () => Promise<void>
  readonly receivingDrive: string
}

/** Built processes on a database and a store of their own, until `use` has ended. */
async function onStage<T>(mode: Mode, files: string, use: (stage: Stage) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-many-'))
  const port = 20_000 + (process.pid % 20_000)
  const [home, origin] = [join(folder, 'home'), `http://127.0.0.1:${port}`]
  const environment = { ...process.env, DATABASE_URL: '', S3_BUCKET: '', DAILIES_HOME: home, TEMP_DIR: join(folder, 'temp'), PORT: String(port), DEMO: 'false', NODE_ENV: 'production', FFMPEG_SLOTS: String(slots) }
  mkdirSync(home)
  const processes: Server[] = []
  for (const role of modes[mode]) processes.push(await startProcess(role, environment))
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres') })
  const pool = openPool({ url: postgres.url('postgres'), max: 2, limitMs: 60_000 })
  try {
    const { sender, client } = await furnish(environment, origin, pool)
    const send = () => exited(spawn(process.execPath, ['--import', 'tsx', 'bench/many/send.ts', origin, sender.driveId, sender.key, files], { stdio: 'inherit' }))
    return await use({ mode, processes, pool, client, send, receivingDrive: sender.driveId })
  } finally {
    await pool.end()
    await postgres.stop()
    for (const child of processes.reverse()) await stop(child)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** How long others wait while this goes on. */
async function during(client: Client, work: Promise<unknown>): Promise<Latencies> {
  let isOver = false
  const [latencies] = await Promise.all([latenciesUntil(client, () => isOver), work.finally(() => (isOver = true))])
  return latencies
}

/** The most media tools that the processes had at once while this went on. */
async function countingTools<T>(processes: readonly Server[], work: () => Promise<T>): Promise<{ readonly result: T; readonly most: number }> {
  const counter = spawn(process.execPath, ['--import', 'tsx', 'bench/many/count-children.ts', ...processes.map(({ pid }) => String(pid))], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  counter.stdout.on('data', (text: Buffer) => (said += String(text)))
  const result = await work()
  await stop(counter)
  return { result, most: Number(said) }
}

const line = (what: string, { p50, p99, all }: Latencies, base: Latencies) => `| ${what} | ${all.length} | ${p50.toFixed(1)} ms | ${p99.toFixed(1)} ms | ${(p99 / base.p99).toFixed(2)} |`

/** Answers whether p99 stayed below twice what it is when nothing happens, and the tools within their slots. */
async function measure({ mode, processes, pool, client, send, receivingDrive }: Stage): Promise<boolean> {
  await during(client, pause(5000)) // warms up
  const idle = await during(client, pause(idleSeconds * 1000))
  const [load = 0, before, from] = [loadavg()[0], processes.map(({ pid }) => processorTime(pid)), performance.now()]
  const since = () => (performance.now() - from) / 1000
  const { result, most } = await countingTools(processes, async () => {
    const arriving = await during(client, send())
    const arrivedSeconds = since()
    return { arriving, arrivedSeconds, working: await during(client, untilDone(pool)) }
  })
  const { arriving, arrivedSeconds, working } = result
  const [seconds, whole] = [since(), summaryOf([...arriving.all, ...working.all])]
  const { rows } = await pool.query<{ state: string; n: string }>(`SELECT state, count(*) AS n FROM asset_jobs WHERE drive_id = $1 GROUP BY 1 ORDER BY 1`, [receivingDrive])
  console.log(`\n${mode === 'one' ? 'One process for all' : 'API and worker apart'}: ${count} files in ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(1)} files/s (all uploaded after ${arrivedSeconds.toFixed(0)} s)`)
  console.log(`jobs: ${rows.map(({ state, n }) => `${n} ${state}`).join(', ')}; media tools at once: ${most} of ${slots}; load of the machine: idle ${load.toFixed(1)}, at the end ${(loadavg()[0] ?? 0).toFixed(1)}`)
  for (const [at, { pid }] of processes.entries()) {
    const [now, was = { thread: 0, own: 0, children: 0 }] = [processorTime(pid), before[at]]
    console.log(`processor time of ROLE=${modes[mode][at]}: ${(now.own - was.own).toFixed(0)} s itself (its main thread ${(now.thread - was.thread).toFixed(0)} s), ${(now.children - was.children).toFixed(0)} s its children`)
  }
  const lines = [line('idle', idle, idle), line('while files arrive', arriving, idle), line('while the rest is worked on', working, idle), `${line('both together', whole, idle)} (wanted < 2)`]
  console.log(['', '| on another drive | answers | p50 | p99 | p99 to idle |', '|---|---|---|---|---|', ...lines].join('\n'))
  return whole.p99 < 2 * idle.p99 && most <= slots
}

const folder = mkdtempSync(join(tmpdir(), 'dailies-small-'))
try {
  await smallFiles(folder, count)
  console.log(`node ${process.version}, ${availableParallelism()} processors, ${count} small files, ${process.env['RATE'] ?? 20} requests/s by others, ${slots} media tools at once`)
  const isWithin: boolean[] = []
  for (const mode of wanted) isWithin.push(await onStage(mode, folder, measure))
  process.exitCode = isWithin.every(Boolean) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
