/**
 * How long a newcomer waits: a clone of this repository with nothing installed, `npm start` until it is ready; then again, warm; then an API process
 * alone, idle. Usage: npm run bench:start   (the committed state is what is cloned; ffmpeg is hidden with WITHOUT_FFMPEG=1)
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const folder = mkdtempSync(join(tmpdir(), 'dailies-start-'))
const clone = join(folder, 'clone')
execFileSync('git', ['clone', '-q', '.', clone])
const port = String(20_000 + (process.pid % 20_000))
const system = process.env['WITHOUT_FFMPEG'] ? { FFMPEG_PATH: bundled('@ffmpeg-installer/linux-x64/ffmpeg'), FFPROBE_PATH: bundled('@ffprobe-installer/linux-x64/ffprobe') } : {}
const none = { DATABASE_URL: '', S3_BUCKET: '', DAILIES_HOME: '', NODE_ENV: '', ROLE: '', DEMO: '' }
const env = { ...process.env, ...none, PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, PORT: port, TEMP_DIR: join(folder, 'temp'), ...system }

function bundled(path: string) {
  return join(clone, 'node_modules', path)
}

interface Started {
  readonly seconds: number
  readonly said: string
  readonly pid: number
  readonly stop: () => Promise<unknown>
}

function start(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Started> {
  const from = performance.now()
  const child = spawn(command, args, { cwd: clone, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  return new Promise((resolve, reject) => {
    const hear = (text: Buffer) => {
      said += String(text)
      if (!said.includes('Dailies is ready on')) return
      const gone = new Promise((done) => child.once('exit', done))
      resolve({ seconds: (performance.now() - from) / 1000, said, pid: child.pid ?? 0, stop: () => (child.kill('SIGTERM'), gone) })
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)))
  })
}

const rows: string[][] = []
const row = (what: string, measured: string, wanted: string) => void rows.push([what, measured, wanted])
try {
  const first = await start('npm', ['start'])
  const spent = [...first.said.matchAll(/… ([\d.]+) s/g)].map((match) => Number(match[1]))
  const rest = first.seconds - spent.reduce((sum, each) => sum + each, 0)
  row('fresh clone, npm start until ready', `${first.seconds.toFixed(1)} s`, '≤ 150 s')
  row('of which all but install and build', `${rest.toFixed(1)} s`, '≤ 25 s')
  await first.stop()
  const warm = await start('npm', ['start'])
  row('warm start', `${warm.seconds.toFixed(1)} s`, '≤ 4 s')
  await warm.stop()
  const api = await start(process.execPath, ['dist/main.js'], { ROLE: 'api', DEMO: 'false' })
  await pause(10_000)
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${api.pid}/status`, 'utf8'))?.[1]) / 1024
  row('API process (dist, ROLE=api) idle', `${rss.toFixed(0)} MB`, '≤ 170 MB')
  row('the same, node to ready', `${api.seconds.toFixed(1)} s`, '')
  await api.stop()
  console.log(first.said.split('\n').filter((line) => /… [\d.]+ s/.test(line)).join('\n'))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`node ${process.version}\n| what | measured | wanted |\n|---|---|---|\n${rows.map((each) => `| ${each.join(' | ')} |`).join('\n')}`)
