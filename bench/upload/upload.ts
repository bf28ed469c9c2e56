/**
 * How fast an upload comes in, beside the least that a Node server can do with a body; and what memory it takes from 10 MB to 5 GB.
 * Usage: npm run bench:upload   (GB=2 ROUNDS=3 by default; needs 6 GB free where temporary files go)
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'dailies-upload-'))
const port = 20_000 + (process.pid % 20_000)
const gigabytes = Number(process.env['GB'] ?? 2)
const rounds = Number(process.env['ROUNDS'] ?? 3)
const mebibyte = 1 << 20
const piece = Buffer.alloc(mebibyte, 'a film of many bytes ')
const env = { ...process.env, DATABASE_URL: '', S3_BUCKET: '', DAILIES_HOME: join(folder, 'home'), TEMP_DIR: join(folder, 'temp'), PORT: String(port), ROLE: 'api', DEMO: 'false', NODE_ENV: 'production' }
const run = (...args: string[]) => execFileSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args, '--json'], { env, encoding: 'utf8' })
const answered = (text: string) => JSON.parse(text) as { readonly id: string; readonly key?: string } // what the command line answers

async function start(args: readonly string[], word: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((ready, failed) => {
    child.stdout.on('data', (text: Buffer) => (String(text).includes(word) ? ready() : undefined))
    child.once('exit', (code) => failed(new Error(`${args.join(' ')} ended with ${code}`)))
  })
  return {
    pid: child.pid ?? 0,
    stop: () =>
      new Promise<void>((done) => {
        child.once('exit', () => done())
        child.kill('SIGTERM')
      }),
  }
}

interface Sent {
  readonly to: number
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string | number>>
}

/** Sends so many bytes as fast as they are taken; answers the seconds and the headers of the answer. */
function send(size: number, { to, ...options }: Sent): Promise<{ readonly seconds: number; readonly headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const from = performance.now()
    const outgoing = request({ port: to, host: '127.0.0.1', ...options, headers: { ...options.headers, 'content-length': size } }, (answer) => {
      answer.resume().once('end', () => ((answer.statusCode ?? 500) < 300 ? resolve({ seconds: (performance.now() - from) / 1000, headers: answer.headers }) : reject(new Error(`answered ${answer.statusCode}`))))
    })
    outgoing.once('error', reject)
    let left = size
    const write = () => {
      while (left > 0) {
        const next = left >= piece.length ? piece : piece.subarray(0, left)
        left -= next.length
        if (!outgoing.write(next)) return void outgoing.once('drain', write)
      }
      outgoing.end()
    }
    write()
  })
}

const rssMb = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN
const rate = (size: number, seconds: number) => size / seconds / 1e6

mkdirSync(join(folder, 'home'))
const server = await start(['src/main.ts'], 'Dailies is ready on')
const file = await start(['bench/upload/sink.ts', String(port + 1), join(folder, 'sink')], 'ready')
const nowhere = await start(['bench/upload/sink.ts', String(port + 2), '-'], 'ready')
try {
  run('users', 'create', '--email', 'ana@example.com', '--name', 'Ana Diaz')
  const { key = '' } = answered(run('keys', 'create', '--email', 'ana@example.com', '--name', 'bench'))
  const { id: drive } = answered(run('drives', 'create', 'Bench'))
  run('members', 'set', drive, 'ana@example.com', 'EDITOR')
  let number = 0

  /** A whole upload: begun, sent, an asset; what is measured is the sending, to the answer that names the asset. */
  async function upload(size: number) {
    const headers = { authorization: key, 'tus-resumable': '1.0.0' }
    const metadata = `path ${Buffer.from(`${(number += 1)}.mov`).toString('base64')}`
    const { headers: begun } = await send(0, { to: port, method: 'POST', path: `/workspaces/drives/${drive}/uploads`, headers: { ...headers, 'upload-length': size, 'upload-metadata': metadata } })
    const done = await send(size, { to: port, method: 'PATCH', path: String(begun['location']), headers: { ...headers, 'upload-offset': 0, 'content-type': 'application/offset+octet-stream' } })
    rmSync(join(folder, 'home', 'objects', 'drives', drive, 'assets', String(done.headers['dailies-asset-id']), 'source'))
    return done.seconds
  }
  const sink = async (size: number, to: number) => (await send(size, { to, method: 'PUT', path: '/', headers: {} })).seconds

  // First, while nothing larger has been before.
  console.log('| an upload of | highest RSS of the server |\n|---|---|')
  for (const bytes of [10e6, 1e9, 5e9]) {
    let highest = rssMb(server.pid)
    const timer = setInterval(() => (highest = Math.max(highest, rssMb(server.pid))), 50)
    await upload(bytes)
    clearInterval(timer)
    console.log(`| ${bytes / 1e6} MB | ${highest.toFixed(0)} MB |`)
  }

  const size = Math.round(gigabytes * 1e9)
  await sink(100e6, port + 1)
  const seconds: { readonly ours: number[]; readonly file: number[]; readonly nowhere: number[] } = { ours: [], file: [], nowhere: [] }
  // What the sink leaves in the system's memory is on the disk before the next begins: an upload is when it answers.
  const settled = () => execFileSync('sync')
  for (let round = 0; round < rounds; round += 1) {
    settled()
    seconds.file.push(await sink(size, port + 1))
    settled()
    seconds.ours.push(await upload(size))
    seconds.nowhere.push(await sink(size, port + 2))
  }
  const [ours, bare, none] = [median(seconds.ours), median(seconds.file), median(seconds.nowhere)]
  console.log(`\nnode ${process.version}; ${gigabytes} GB, medians of ${rounds}\n| what | MB/s | of the bare sink |\n|---|---|---|`)
  for (const [what, all] of Object.entries(seconds)) console.error(`${what}: ${all.map((each) => each.toFixed(2)).join(', ')} s`)
  console.log(`| an upload, from its first byte to its asset | ${rate(size, ours).toFixed(0)} | ${(bare / ours).toFixed(2)} (wanted ≥ 0.5) |`)
  console.log(`| a bare Node server that writes a file | ${rate(size, bare).toFixed(0)} | 1 |\n| one that lets the bytes go | ${rate(size, none).toFixed(0)} | ${(bare / none).toFixed(2)} |`)
} finally {
  for (const each of [server, file, nowhere]) await each.stop()
  rmSync(folder, { recursive: true, force: true })
}
