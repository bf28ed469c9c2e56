import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settingsAsEnv, settingsAsTable } from '../../src/cli/settings-text.ts'
import { hasProgram } from '../support/programs.ts'
import { startServer } from '../support/started-server.ts'

const readme = await readFile('README.md', 'utf8')
const blocks = [...readme.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1] ?? '')

test('its first two code blocks are the two commands', () => expect(blocks.slice(0, 2)).toEqual(['npm start\n', 'npm test\n']))

test('its table of settings is what the code says (npm run settings)', () => {
  expect(readme).toContain(`<!-- settings -->\n${settingsAsTable()}\n<!-- /settings -->`)
})

test('.env.example is what the code says (npm run settings)', async () => expect(await readFile('.env.example', 'utf8')).toBe(`${settingsAsEnv()}\n`))

describe.skipIf(!hasProgram('curl') || !hasProgram('bash'))('its tour', () => {
  let server: Awaited<ReturnType<typeof startServer>>
  let folder: string
  beforeAll(async () => {
    server = await startServer()
    folder = await mkdtemp(join(tmpdir(), 'dailies-tour-'))
    // The tour writes where it is run; it runs npm, so it is run in a folder that looks like the repository.
    for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'demo', 'migrations', 'dist', 'src']) await cp(name, join(folder, name), { recursive: true, preserveTimestamps: true })
    await promisify(execFile)('ln', ['-s', resolve('node_modules'), join(folder, 'node_modules')])
  }, 180_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('runs as it stands there', async () => {
    const tour = blocks.find((block) => block.includes('# Who and where')) ?? ''
    const env = { ...process.env, DAILIES_HOME: server.home, TEMP_DIR: join(folder, 'temp'), NODE_ENV: '' }
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', tour], { cwd: folder, env, maxBuffer: 1 << 24 })
    const { drive_id: drive, assets } = await server.demo()
    expect(stdout).not.toContain('about:blank') // no problem among the answers
    for (const part of ['"email":"demo@dailies.invalid"', `"path":"/${drive}/spots/spot_v1.mp4"`, '/interviews/interview.mp4', '"name":"proxy","state":"COMPLETED"', '"role":20', 'ana@example.com', '"uploaded":1', `"path":"/${drive}/mine/stills/still.jpg"`, 'upload-offset: 500000', 'upload-offset: 1480552', 'dailies-asset-id: ', `"path":"/${drive}/inbox/interview.mp4"`, '"kind":"move"', `"path":"/${drive}/interviews/raw/interview.mp4"`])
      expect(stdout).toContain(part)
    expect(stdout).toMatch(/sk_[\w-]{43}\n\(key /)
    expect(Object.keys(assets)).toHaveLength(5)
    expect((await stat(join(folder, 'source.mp4'))).size).toBe((await stat('demo/spots/spot_v1.mp4')).size)
    expect((await readFile(join(folder, 'preview.jpg'))).subarray(0, 2).toString('hex')).toBe('ffd8')
    expect((await readFile(join(folder, 'proxy.mp4'))).subarray(0, 100)).toEqual(await readFile(join(folder, 'first-100-bytes')))
  }, 120_000)

  test('SIGTERM stops the server in order: a download under way is finished, nobody new gets in, and the exit code is 0', async () => {
    const { url, api_key: key, drive_id: drive, assets } = await server.demo()
    const link = (await (await fetch(`${url}/assets/${assets['/interviews/interview.mp4']}/download?drive_id=${drive}&origin_type=SOURCE`, { headers: { authorization: key } })).json()) as string
    const [response] = (await once(get(link), 'response')) as [IncomingMessage]
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      response.pause()
      setTimeout(() => response.resume(), 60) // a slow reader: some seconds for the whole
    })
    const read = once(response, 'end')
    await once(response, 'data')
    const stopped = server.stop()
    await pause(500)
    await expect(fetch(`${url}/health/live`)).rejects.toThrow()
    await read
    expect(bytes).toBe((await stat('demo/interviews/interview.mp4')).size)
    expect(await stopped).toBe(0)
  }, 60_000)
})
