// Makes a clone ready to run. It uses Node alone, since at first nothing else is there.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alone } from './lock.mjs'

export const root = fileURLToPath(new URL('../../', import.meta.url))
const at = (...path) => join(root, ...path)
const lockFile = at('.dailies', 'launch.lock')
const stampFile = at('dist', '.dailies-build')

/** Installs the packages when they are missing or are not those of package-lock.json. */
export async function ensureInstalled() {
  if (isInstalled()) return
  await withLock(async () => {
    if (!isInstalled()) await timed('Installing the packages', () => run(...npm('ci', '--include=dev', '--no-audit', '--no-fund')))
  })
}

/** Compiles src/ to dist/ when any source is newer or gone, without checking types: `npm run check` does that. */
export async function ensureBuilt() {
  if (isBuilt()) return
  await withLock(async () => {
    if (isBuilt()) return
    const stamp = sourceStamp() // of before: a source that changes meanwhile is built the next time
    rmSync(stampFile, { force: true })
    await timed('Building', () => run(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']))
    removeOrphans()
    writeFileSync(stampFile, stamp)
  })
}

async function withLock(work) {
  mkdirSync(dirname(lockFile), { recursive: true, mode: 0o700 })
  await alone(lockFile, work)
}

/** npm keeps a list of what it has really installed; packages for other platforms are not on it. */
function isInstalled() {
  const installed = at('node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const wanted = packagesOf(at('package-lock.json'))
  const found = packagesOf(installed)
  return Object.entries(wanted).every(([path, { version, optional }]) => path === '' || optional || found[path]?.version === version)
}

const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages

const isBuilt = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === sourceStamp()

/** Names, sizes and times of all that the build reads: some milliseconds, where reading it all would take longer than a start may. */
function sourceStamp() {
  const files = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', ...sources().map((name) => join('src', name))]
  const hash = createHash('sha256')
  for (const name of files) {
    const { mtimeMs, size } = statSync(at(name))
    hash.update(`${name} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex')
}

const sources = () => readdirSync(at('src'), { recursive: true }).filter((name) => name.endsWith('.ts')).sort()

/** What was built from a source that is gone. */
function removeOrphans() {
  const built = new Set(sources().map((name) => name.replace(/\.ts$/, '.js')))
  for (const name of readdirSync(at('dist'), { recursive: true })) {
    if (name.endsWith('.js') && !built.has(name)) rmSync(at('dist', name))
  }
}

/** The npm that runs us, else the one that came with this Node, else the first on the path. */
function npm(...args) {
  const running = process.env.npm_execpath ?? ''
  const bundled = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
  const script = [running, bundled].find((each) => basename(each) === 'npm-cli.js' && existsSync(each))
  return script ? [process.execPath, [script, ...args]] : ['npm', args]
}

/** Says on one line what is done and how long it took. On stderr: stdout belongs to what is started. */
async function timed(what, work) {
  const from = performance.now()
  process.stderr.write(`${what} … `)
  try {
    await work()
  } catch (error) {
    process.stderr.write('failed\n')
    throw error
  }
  process.stderr.write(`${((performance.now() - from) / 1000).toFixed(1)} s\n`)
}

/** Runs a program that says nothing unless it fails; a failure ends this process too. */
async function run(program, args) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => child.kill('SIGTERM')
  process.once('SIGTERM', stop)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
  const code = await new Promise((done, failed) => child.once('error', failed).once('close', (exitCode) => done(exitCode ?? 1)))
  process.off('SIGTERM', stop)
  if (code !== 0) throw new LaunchError(`${[basename(program), ...args].join(' ')} ended with ${code}:\n${said}`)
}

/** A fault that needs no stack trace. */
class LaunchError extends Error {}

/** Runs a launcher's steps, and says a fault of theirs plainly. */
export async function orExplain(steps) {
  try {
    await steps()
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}
