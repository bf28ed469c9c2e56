import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'

const repository = resolve(import.meta.dirname, '../..')
const root = mkdtempSync(join(tmpdir(), 'launch-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A clone whose server prints one line, with this repository's packages. */
function makeClone({ installed = true } = {}): string {
  const clone = mkdtempSync(join(root, 'clone-'))
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src/launch']) {
    cpSync(join(repository, name), join(clone, name), { recursive: true })
  }
  if (installed) symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'))
  mkdirSync(join(clone, 'src/cli'))
  writeFileSync(join(clone, 'src/words.ts'), `export const words: string = 'one'\n`)
  writeFileSync(join(clone, 'src/main.ts'), `import { words } from './words.ts'\nconsole.log('server says', words)\n`)
  writeFileSync(join(clone, 'src/cli/main.ts'), `console.log(JSON.stringify(process.argv.slice(2)))\n`)
  return clone
}

interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let out = ''
  let err = ''
  child.stdout?.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr?.on('data', (text: Buffer) => (err += text.toString()))
  return new Promise((done) => child.once('close', (code) => done({ code, out, err })))
}

function launch(clone: string, script: string, { args = [] as string[], env = {} as Record<string, string> } = {}) {
  const { NODE_ENV: _, ...inherited } = process.env // vitest sets it to `test`
  return outcomeOf(spawn(process.execPath, [join(clone, 'src/launch', script), ...args], { cwd: clone, env: { ...inherited, ...env } }))
}

describe('start', () => {
  test('builds once, and again only when a source changed', async () => {
    const clone = makeClone()
    const first = await launch(clone, 'start.mjs')
    expect(first).toMatchObject({ code: 0, out: 'server says one\n' })
    expect(first.err).toMatch(/^Building … \d+\.\d s\n$/)
    expect(await launch(clone, 'start.mjs')).toEqual({ code: 0, out: 'server says one\n', err: '' })

    writeFileSync(join(clone, 'src/words.ts'), `export const words: string = 'two'\n`)
    expect(await launch(clone, 'start.mjs')).toMatchObject({ code: 0, out: 'server says two\n', err: expect.stringMatching(/^Building/) })
  })

  test('removes what was built from a source that is gone', async () => {
    const clone = makeClone()
    writeFileSync(join(clone, 'src/gone.ts'), 'export {}\n')
    await launch(clone, 'start.mjs')
    expect(existsSync(join(clone, 'dist/gone.js'))).toBe(true)
    rmSync(join(clone, 'src/gone.ts'))
    await launch(clone, 'start.mjs')
    expect(existsSync(join(clone, 'dist/gone.js'))).toBe(false)
  })

  test('says what is wrong with a source, and starts nothing', async () => {
    const clone = makeClone()
    writeFileSync(join(clone, 'src/words.ts'), 'export const words = (\n')
    const { code, out, err } = await launch(clone, 'start.mjs')
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toMatch(/^Building … failed\n[^]*src\/words\.ts\(1,23\): error TS1109: Expression expected/)
    expect(err).not.toContain('    at ')
  })

  test('in production neither installs nor builds, and asks for a build where there is none', async () => {
    const clone = makeClone({ installed: false })
    const bare = await launch(clone, 'start.mjs', { env: { NODE_ENV: 'production' } })
    expect(bare).toMatchObject({ code: 1, out: '', err: expect.stringContaining('npm ci && npm run build') })

    mkdirSync(join(clone, 'dist'))
    writeFileSync(join(clone, 'dist/main.js'), `console.log('as built')\n`)
    expect(await launch(clone, 'start.mjs', { env: { NODE_ENV: 'production' } })).toEqual({ code: 0, out: 'as built\n', err: '' })
  })

  test('shows what npm said when the packages cannot be installed', async () => {
    const clone = makeClone({ installed: false })
    const needs = { dependencies: { none: '1.0.0' } }
    writeFileSync(join(clone, 'package.json'), JSON.stringify({ type: 'module', engines: { node: '>=20.19' }, ...needs }))
    writeFileSync(join(clone, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages: { '': needs, 'node_modules/none': { version: '1.0.0' } } }))
    const { code, err } = await launch(clone, 'start.mjs', { env: { npm_config_offline: 'true' } })
    expect(code).toBe(1)
    expect(err).toMatch(/^Installing the packages … failed\n[^]*npm error/)
  })

  test('two at once build once', async () => {
    const clone = makeClone()
    const both = await Promise.all([launch(clone, 'start.mjs'), launch(clone, 'start.mjs')])
    expect(both.map(({ out }) => out)).toEqual(['server says one\n', 'server says one\n'])
    expect(both.filter(({ err }) => err.includes('Building')), JSON.stringify(both)).toHaveLength(1)
  })

  test('goes on at once where another start was killed while it built', async () => {
    const clone = makeClone()
    const killed = spawn(process.execPath, [join(clone, 'src/launch/start.mjs')], { cwd: clone, env: { ...process.env, NODE_ENV: '' } })
    const lock = join(clone, '.dailies/launch.lock')
    onTestFinished(() => void killed.kill('SIGKILL'))
    await expect.poll(() => existsSync(lock), { interval: 5, timeout: 5000 }).toBe(true)
    killed.kill('SIGKILL')
    await outcomeOf(killed)
    expect(await launch(clone, 'start.mjs')).toMatchObject({ code: 0, out: 'server says one\n' })
    expect(existsSync(lock)).toBe(false)
    expect(statSync(join(clone, '.dailies')).mode & 0o777).toBe(0o700)
  })
})

test('the command line gets its arguments as they were typed', async () => {
  const clone = makeClone()
  const { code, out } = await launch(clone, 'dailies.mjs', { args: ['ingest', 'a film.mov', '--json', '$HOME'] })
  expect({ code, out }).toEqual({ code: 0, out: '["ingest","a film.mov","--json","$HOME"]\n' })
})
