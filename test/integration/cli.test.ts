import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FileDatabase, openFileDatabase } from '../support/database.ts'

/** The command line as people and programs call it: a process, on a database and a folder of this file's own. */
let database: FileDatabase
let home: string
let environment: NodeJS.ProcessEnv
beforeAll(async () => {
  ;[database, home] = await Promise.all([openFileDatabase({ connections: 2 }), mkdtemp(join(tmpdir(), 'dailies-cli-'))])
  environment = {
    ...process.env,
    DATABASE_URL: database.url,
    SERVER_SECRET: 'a secret of this test that is long enough',
    DAILIES_HOME: join(home, 'data'),
    TEMP_DIR: join(home, 'temp'),
    INIT_CWD: home,
    NODE_ENV: '',
  }
})
afterAll(async () => {
  await database.drop()
  await rm(home, { recursive: true, force: true })
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** One for each line of standard output. */
  readonly json: readonly unknown[]
}

const program = ['--import', 'tsx', 'src/cli/main.ts']

const dailies = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  new Promise<Ended>((done) =>
    execFile(process.execPath, [...program, ...args], { env: { ...environment, ...env } }, (error, stdout, stderr) => {
      const json = args.includes('--json') ? stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as unknown) : []
      done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr, json })
    }),
  )

async function drive(name: string): Promise<string> {
  const { json, stderr } = await dailies(['drives', 'create', name, '--json'])
  expect(stderr).toBe('')
  return (json[0] as { id: string }).id
}

describe('people, keys and drives', { timeout: 90_000 }, () => {
  test('a drive’s name is taken once, unless another is asked for; lists show what REST shows', async () => {
    const made = await dailies(['drives', 'create', ' Films '])
    const id = /drive (\S+)/.exec(made.stdout)?.[1]
    expect(made.stdout).toContain(`members set ${id} EMAIL ROLE`)
    const again = await dailies(['drives', 'create', 'Films', '--json'])
    expect([again.code, again.stdout, JSON.parse(again.stderr)]).toEqual([1, '', { error: `${id} is called Films already; --another makes one more` }])
    expect((await dailies(['drives', 'create', 'Films', '--another'])).code).toBe(0)
    const { json } = await dailies(['drives', 'list', '--json'])
    expect(json[0]).toEqual([
      { id, name: 'Films', created: expect.any(String) },
      { id: expect.any(String), name: 'Films', created: expect.any(String) },
    ])
  })

  test('users, their keys and members are listed; who is not there is named', async () => {
    const driveId = await drive('People')
    const email = 'ana@example.com'
    expect(await dailies(['users', 'create', '--email', email, '--name', 'Ana', '--operator'])).toMatchObject({ code: 0 })
    const user = { id: expect.any(String), email, name: 'Ana', avatar: null, is_operator: true, created: expect.any(String) }
    expect((await dailies(['users', 'list', '--json'])).json).toEqual([[user]])

    await dailies(['keys', 'create', '--email', email, '--name', 'mine'])
    const keys = await dailies(['keys', 'list', '--email', 'ANA@example.com', '--json'])
    expect(keys.json).toEqual([[{ id: expect.any(String), name: 'mine', drive_id: null, created: expect.any(String), expires: null, last_used: null }]])

    expect((await dailies(['members', 'list', driveId])).stdout).toBe('Nobody is on it yet\n')
    await dailies(['members', 'set', driveId, email, 'EDITOR'])
    expect((await dailies(['members', 'list', 'People', '--json'])).json).toEqual([[{ user_id: expect.any(String), name: 'Ana', email, avatar: null, role: 30 }]])
    expect((await dailies(['members', 'set', driveId, 'nobody@example.com', '15'])).stderr).toBe('User nobody@example.com not found\n')
  })

  test('every fault is one JSON line on standard error with --json, a wrong command line too', async () => {
    const wrong = await dailies(['keys', 'list', '--json'])
    expect([wrong.code, wrong.stdout, JSON.parse(wrong.stderr)]).toEqual([1, '', { error: "required option '--email <address>' not specified" }])
    expect(await dailies(['migrate', '--json'])).toMatchObject({ code: 0, json: [{ migrated: true }] })
    const file = join(home, 'openapi.yaml')
    expect(await dailies(['openapi', file, '--json'])).toMatchObject({ code: 0, json: [{ file }] })
    const { json } = await dailies(['settings', '--json'])
    expect(json[0]).toContainEqual({ name: 'PORT', fallback: '3000', about: 'Port to listen on' })
  })
})

describe('ingest', { timeout: 120_000 }, () => {
  test('takes a file once, however often it is named, and by however many processes at once', async () => {
    const driveId = await drive('Once')
    const folder = join(home, 'once')
    await mkdir(folder)
    await writeFile(join(folder, 'one.txt'), 'one')
    const call = ['ingest', 'once/', 'once/one.txt', 'once/', '--drive', driveId, '--json']
    const runs = await Promise.all([dailies(call), dailies(call)])
    expect(runs.map((each) => each.code)).toEqual([0, 0])
    expect(runs.map((each) => each.json.length)).toEqual([2, 2])
    const { rows } = await database.pool.query('SELECT directory, name FROM living_assets WHERE drive_id = $1', [driveId])
    expect(rows).toEqual([{ directory: '/', name: 'one.txt' }])
  })

  test('goes on past what cannot be read, says why, and what it passes over', async () => {
    const driveId = await drive('Odd')
    const folder = join(home, 'odd')
    await mkdir(join(folder, 'real'), { recursive: true })
    await Promise.all(['good.txt', 'real/below.txt', '.hidden', 'Thumbs.db', 'desktop.ini'].map((name) => writeFile(join(folder, name), name)))
    await writeFile(Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xff]), Buffer.from('.txt')]), 'x')
    await symlink('nowhere', join(folder, 'dangling.txt'))
    await symlink('real', join(folder, 'linked'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const socket = createServer().listen(join(folder, 'socket'))
    await once(socket, 'listening')
    const { code, json, stderr } = await dailies(['ingest', 'odd', '--drive', driveId, '--json'])
    socket.close()
    expect(code).toBe(1)
    expect(json.at(-1)).toEqual({ uploaded: 2, skipped: 0, failed: 2 })
    const lines = json as readonly { file?: string; state?: string; error?: string }[]
    expect(lines.filter((each) => each.state === 'failed').map((each) => each.error).sort()).toEqual(['It is a link that leads nowhere', 'Its name is not written in UTF-8: rename it'])
    expect(stderr.trim().split('\n')).toEqual([
      `${folder}/linked is passed over: it is a link to a folder`,
      `${folder}/pipe is passed over: it is a named pipe`,
      `${folder}/socket is passed over: it is a socket`,
    ])

    expect(await dailies(['ingest', 'odd/pipe', '--drive', driveId])).toMatchObject({ code: 1, stderr: `${folder}/pipe is a named pipe, no file or folder\n` })
    await mkdir(join(home, 'empty'))
    expect(await dailies(['ingest', 'empty', '--drive', driveId, '--wait', '--json'])).toMatchObject({ code: 0, stderr: 'Nothing was found there\n', json: [{ uploaded: 0, skipped: 0, failed: 0 }] })
  })

  test.skipIf(process.getuid?.() === 0)('says which folders and files it may not read', async () => {
    const driveId = await drive('Closed')
    const folder = join(home, 'closed')
    await mkdir(join(folder, 'folder'), { recursive: true })
    await writeFile(join(folder, 'file.txt'), 'x')
    await Promise.all([chmod(join(folder, 'folder'), 0), chmod(join(folder, 'file.txt'), 0)])
    const { code, json } = await dailies(['ingest', 'closed', '--drive', driveId, '--json'])
    await chmod(join(folder, 'folder'), 0o700)
    const reason = { state: 'failed', error: 'There is no permission to read it' }
    expect([code, json]).toEqual([1, [expect.objectContaining(reason), expect.objectContaining(reason), { uploaded: 0, skipped: 0, failed: 2 }]])
  })

  test('reads --into before anything is sent, and says why a file was skipped', async () => {
    const driveId = await drive('Into')
    await writeFile(join(home, 'note.txt'), 'one')
    const send = (...more: string[]) => dailies(['ingest', 'note.txt', '--drive', driveId, ...more])
    expect(await send('--into', '/a/../b')).toMatchObject({ code: 1, stdout: '', stderr: '--into /a/../b: A path has no segment `.` or `..`, and no control characters\n' })
    expect((await send('--into', 'notes/', '--json')).json[0]).toMatchObject({ state: 'uploaded', path: `/${driveId}/notes/note.txt` })
    expect((await send('--into', `/${driveId}/notes`, '--json')).json[0]).toMatchObject({ state: 'skipped', reason: 'unchanged' })
    await writeFile(join(home, 'note.txt'), 'another')
    expect((await send('--into', 'notes', '--on-conflict', 'skip', '--json')).json[0]).toMatchObject({ state: 'skipped', reason: 'conflict' })
  })
})

describe('ingest --wait', { timeout: 180_000 }, () => {
  test('waits for its own files, lists what failed of them before the last line, and leaves other work alone', async () => {
    const driveId = await drive('Waiting')
    await database.pool.query(`SELECT graphile_worker.add_job('nobody:does', run_at => now() + interval '1 day')`) // the whole queue never ends
    await cp('demo/stills/still.jpg', join(home, 'wait', 'still.jpg'))
    await writeFile(join(home, 'wait', 'broken.mp4'), '')
    const { code, json } = await dailies(['ingest', 'wait/', '--drive', driveId, '--wait', '--json'])
    expect(code).toBe(1)
    expect(json.at(-1)).toEqual({ uploaded: 2, skipped: 0, failed: 0 })
    const broken = { asset_id: expect.any(String), path: `/${driveId}/broken.mp4`, state: 'FAILED', error: 'The file is empty' }
    expect(json.slice(2, -1)).toHaveLength(4)
    expect(json.slice(2, -1)).toEqual(expect.arrayContaining(['metadata', 'preview', 'proxy', 'audio_proxy'].map((job) => ({ ...broken, job }))))
    expect(await dailies(['ingest', 'wait/still.jpg', '--drive', driveId, '--wait', '--json'])).toMatchObject({ code: 0, json: [{ state: 'skipped' }, { uploaded: 0, skipped: 1, failed: 0 }] })

    const list = await dailies(['jobs', 'list', '--state', 'failed', '--limit', '3', '--json'])
    expect(list.json[0]).toHaveLength(3)
    expect((list.json[0] as unknown[])[0]).toEqual({ ...broken, drive_id: driveId, name: expect.any(String), progress: null, attempts: 1, created: expect.any(String), updated: expect.any(String) })
    expect(list.stderr).toBe('There are more than these 3: --limit shows more\n')
    const words = (await dailies(['jobs', 'list'])).stdout.trim().split('\n')
    expect(new Set(words.map((line) => line.indexOf(' /'))).size).toBe(1)

    const { rows } = await database.pool.query<{ id: string; name: string }>('SELECT id, name FROM living_assets WHERE drive_id = $1', [driveId])
    const idOf = (name: string) => rows.find((each) => each.name === name)?.id ?? ''
    expect(await dailies(['jobs', 'retry', idOf('still.jpg')])).toMatchObject({ code: 0, stdout: `No job on asset ${idOf('still.jpg')} has failed\n` })
    expect(await dailies(['jobs', 'retry', driveId])).toMatchObject({ code: 1, stdout: '', stderr: `Asset ${driveId} not found\n` })
    expect(await dailies(['jobs', 'retry', idOf('broken.mp4'), '--json'])).toMatchObject({ code: 0, json: [{ retried: 1 }] })
  })

  test('says why a job is tried again, and ends on Ctrl-C', async () => {
    const driveId = await drive('Passing')
    await writeFile(join(home, 'temp-is-a-file'), '')
    await cp('demo/stills/still.jpg', join(home, 'passing.jpg'))
    const env = { ...environment, TEMP_DIR: join(home, 'temp-is-a-file') } // every try fails, none for good
    const child = spawn(process.execPath, [...program, 'ingest', 'passing.jpg', '--drive', driveId, '--wait', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { stdout: '', stderr: '' }
    child.stdout.on('data', (text: Buffer) => (said.stdout += String(text)))
    const ended = once(child, 'exit')
    await new Promise<void>((done) => {
      child.stderr.on('data', (text: Buffer) => {
        said.stderr += String(text)
        if (/is tried again/.test(said.stderr)) done()
      })
      child.once('exit', () => done())
    })
    child.kill('SIGINT')
    expect((await ended)[0]).toBe(1)
    expect(said.stderr).toContain('No longer waited for')
    expect(JSON.parse(said.stdout.trim().split('\n').at(-1) ?? '')).toEqual({ uploaded: 1, skipped: 0, failed: 0 })
  })
})

test('doctor names the setting, the folder or the endpoint that is at fault', { timeout: 60_000 }, async () => {
  await writeFile(join(home, 'no-folder'), '')
  const wrong = { TEMP_DIR: join(home, 'no-folder'), FFMPEG_PATH: process.execPath, S3_BUCKET: 'films', S3_ENDPOINT: 'http://127.0.0.1:1', S3_ACCESS_KEY_ID: 'x', S3_SECRET_ACCESS_KEY: 'y' }
  const { code, json } = await dailies(['doctor', '--json'], wrong)
  const found = json[0] as readonly { what: string; state: string; about: string }[]
  const about = (what: string) => found.find((each) => each.what.startsWith(what) && each.state === 'fail')?.about
  expect(code).toBe(1)
  expect(about('Object store')).toContain('http://127.0.0.1:1')
  expect(about('ffmpeg')).toContain(`FFMPEG_PATH could not be run: ${wrong.FFMPEG_PATH}`)
  expect(about('Temporary folder')).toContain('Look at TEMP_DIR')
})
