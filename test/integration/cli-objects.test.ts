import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FileDatabase, openFileDatabase } from '../support/database.ts'

/** Commands on objects and on folders that change: processes, on a database and a folder of this file's own. */
let database: FileDatabase
let home: string
let environment: NodeJS.ProcessEnv
beforeAll(async () => {
  ;[database, home] = await Promise.all([openFileDatabase({ connections: 2 }), mkdtemp(join(tmpdir(), 'dailies-cli-objects-'))])
  environment = {
    ...process.env, DATABASE_URL: database.url, SERVER_SECRET: 'a secret of this test that is long enough', DAILIES_HOME: join(home, 'data'), TEMP_DIR: join(home, 'temp'), INIT_CWD: home, NODE_ENV: '',
  }
})
afterAll(async () => {
  await database.drop()
  await rm(home, { recursive: true, force: true })
})

const program = ['--import', 'tsx', 'src/cli/main.ts']
const lines = (text: string) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
const dailies = (...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((done) =>
    execFile(process.execPath, [...program, ...args], { env: environment }, (error, stdout, stderr) => done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })),
  )
const drive = async (name: string) => String(lines((await dailies('drives', 'create', name, '--json')).stdout)[0]?.['id'])
const object = async (key: string, text = 'x') => {
  const file = join(home, 'data/objects', key)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, text)
  return file
}

test('ingest --link takes keys and what lies below them, says what failed, and doctor --objects finds all in order', { timeout: 60_000 }, async () => {
  const driveId = await drive('Linked')
  for (const key of ['cards/A/1.txt', 'cards/A/2.txt', 'one.txt']) await object(key)
  const link = (...more: string[]) => dailies('ingest', '--link', 'cards/', 'one.txt', '--drive', driveId, '--into', 'shoot', '--json', ...more)
  const first = await link('none.txt', 'drives/x')
  const uploaded = (file: string, path: string) => ({ file, asset_id: expect.any(String), path: `/${driveId}/shoot/${path}`, state: 'uploaded' })
  const failed = (file: string, error: unknown) => ({ file, asset_id: null, path: null, state: 'failed', error })
  expect(first.code).toBe(1)
  expect(lines(first.stdout).slice(0, -1)).toEqual(
    expect.arrayContaining([
      uploaded('cards/A/1.txt', 'A/1.txt'), uploaded('cards/A/2.txt', 'A/2.txt'), uploaded('one.txt', 'one.txt'),
      failed('none.txt', 'Object not found'), failed('drives/x', expect.stringContaining('the server’s own')),
    ]),
  )
  expect(lines(first.stdout).at(-1)).toEqual({ uploaded: 3, skipped: 0, failed: 2 })
  const again = await link()
  expect([again.code, lines(again.stdout).at(-1)]).toEqual([0, { uploaded: 0, skipped: 3, failed: 0 }])

  expect(await dailies('doctor', '--objects', '--grace', '0')).toEqual({ code: 0, stdout: 'ok    3 objects are there as the tables say, 3 of them linked\n', stderr: '' })
  const orphan = await object(`drives/${driveId}/assets/nobody/source`, 'abc')
  await rm(join(home, 'data/objects/one.txt'))
  const broken = await dailies('doctor', '--objects', '--grace', '0')
  expect(broken.code).toBe(1)
  expect(broken.stdout).toMatch(/FAIL {2}1 orphans.*\n +drives\/\S+\/nobody\/source {2}3 bytes/)
  expect(broken.stdout).toMatch(/FAIL {2}1 missing.*\n +one\.txt {2}is not there/)
  const told = lines((await dailies('doctor', '--objects', '--json')).stdout)[0]
  expect(told).toMatchObject({ agreeing: 2, linked: 2, young: 1, orphans: { count: 0, first: [] }, missing: { count: 1, first: [{ drive_id: driveId, kind: 'source', key: 'one.txt', size_bytes: 1, found_bytes: null }] } })
  await rm(orphan)
  expect(await dailies('doctor', '--objects', '--grace', 'x')).toMatchObject({ code: 1, stderr: '--grace is a number of hours, not x\n' })
})

test('ingest --watch goes on with what is added, grows or changes; a line each; Ctrl-C ends it with 0', { timeout: 90_000 }, async () => {
  const driveId = await drive('Watched')
  const folder = join(home, 'watched')
  await mkdir(folder)
  await writeFile(join(folder, 'first.txt'), 'first')
  for (const wrong of ['--link', '--wait']) expect((await dailies('ingest', 'watched', '--watch', wrong, '--drive', driveId)).code).toBe(1)

  const child = spawn(process.execPath, [...program, 'ingest', 'watched/', '--watch', '--drive', driveId, '--json'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text: Buffer) => (said.stdout += String(text)))
  child.stderr.on('data', (text: Buffer) => (said.stderr += String(text)))
  const ended = once(child, 'exit')
  const until = async (count: number) => {
    for (let tries = 0; said.stdout.split('\n').length <= count && tries < 300; tries += 1) await new Promise((done) => setTimeout(done, 100))
    return lines(said.stdout).map(({ file, state, path, error }) => [String(file).slice(folder.length + 1), state, path === null ? error : String(path).slice(driveId.length + 1)])
  }
  expect(await until(1)).toEqual([['first.txt', 'uploaded', '/first.txt']])

  // One that is written for some time, one that comes whole by a move, and one that cannot become an asset.
  await writeFile(join(folder, 'growing.txt'), 'a')
  await writeFile(join(home, 'whole.txt'), 'whole')
  await mkdir(join(folder, 'sub'))
  await rename(join(home, 'whole.txt'), join(folder, 'sub', 'whole.txt'))
  await writeFile(join(folder, 'back\\slash.txt'), 'x')
  for (let times = 0; times < 5; times += 1) {
    await new Promise((done) => setTimeout(done, 1000))
    await appendFile(join(folder, 'growing.txt'), 'a')
  }
  const grown = await until(4)
  expect(grown.slice(1, 3)).toEqual(expect.arrayContaining([['sub/whole.txt', 'uploaded', '/sub/whole.txt'], ['back\\slash.txt', 'failed', 'A path has slashes, no backslashes']]))
  expect(grown[3]).toEqual(['growing.txt', 'uploaded', '/growing.txt'])
  const { rows } = await database.pool.query(`SELECT size_bytes FROM living_assets WHERE drive_id = $1 AND name = 'growing.txt'`, [driveId])
  expect(rows).toEqual([{ size_bytes: '6' }])

  await writeFile(join(folder, 'first.txt'), 'another')
  expect((await until(5))[4]).toEqual(['first.txt', 'uploaded', '/first_v2.txt'])
  child.kill('SIGINT')
  expect(await ended).toEqual([0, null])
  expect(lines(said.stdout).at(-1)).toEqual({ uploaded: 4, skipped: 0, failed: 1 })
  expect(said.stderr).toBe('')
})
