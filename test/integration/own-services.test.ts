import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import jwt from 'jsonwebtoken'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEmptyDatabase } from '../support/database.ts'
import { startS3Double } from '../support/s3-double.ts'
import type { Demo } from '../support/started-server.ts'

/** An API and a worker as two processes, on a database and a bucket of their own: nothing embedded. */
let database: Awaited<ReturnType<typeof openEmptyDatabase>>
let double: Awaited<ReturnType<typeof startS3Double>>
let home: string
const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
const children: ChildProcess[] = []
const port = 20_000 + Math.floor(Math.random() * 20_000)
const origin = `http://127.0.0.1:${port}`

function start(environment: NodeJS.ProcessEnv) {
  const env = {
    ...process.env,
    DATABASE_URL: database.url,
    SERVER_SECRET: 'a secret that all instances of this test share',
    S3_BUCKET: double.bucket,
    S3_ENDPOINT: double.endpoint,
    S3_REGION: double.region,
    S3_ACCESS_KEY_ID: double.accessKeyId,
    S3_SECRET_ACCESS_KEY: double.secretAccessKey,
    DAILIES_HOME: join(home, 'data'),
    TEMP_DIR: join(home, 'temp'),
    JWT_PUBLIC_KEY: issuer.publicKey,
    JWT_ISSUER: 'https://id.example',
    JWT_AUDIENCE: 'dailies',
    PORT: String(port),
    NODE_ENV: '',
    ...environment,
  }
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return new Promise<void>((ready, failed) => {
    child.stdout?.on('data', (text: Buffer) => (/is ready|works on its jobs/.test(String(text)) ? ready() : undefined))
    child.once('exit', (code) => failed(new Error(`it ended with ${code}`)))
  })
}

beforeAll(async () => {
  ;[database, double, home] = await Promise.all([openEmptyDatabase(), startS3Double(), mkdtemp(join(tmpdir(), 'dailies-own-'))])
  await Promise.all([start({ ROLE: 'worker', DEMO: 'false' }), start({ ROLE: 'api', DEMO: 'true' })]) // both migrate: they take turns
}, 120_000)

afterAll(async () => {
  const ends = children.map((child) => new Promise<number | null>((done) => (child.exitCode === null ? child.once('exit', done) : done(child.exitCode))))
  for (const child of children) child.kill('SIGTERM')
  expect(await Promise.all(ends)).toEqual([0, 0])
  await Promise.all([database.drop(), double.close(), rm(home, { recursive: true, force: true })])
}, 60_000)

test('API and worker share database and bucket; links lead into the bucket', async () => {
  const demo = JSON.parse(await readFile(join(home, 'data', 'demo.json'), 'utf8')) as Demo
  const get = (path: string) => fetch(`${origin}${path}`, { headers: { authorization: demo.api_key }, redirect: 'manual' })
  expect(await (await get('/health/ready')).json()).toEqual({ status: 'ok', checks: { postgres: 'ok', object_store: 'ok', media_tools: 'ok', jobs: 'off' } })

  const spot = `/assets/${demo.assets['/spots/spot_v1.mp4']}`
  const ofDrive = `drive_id=${demo.drive_id}`
  interface Shown {
    readonly proxy_job_state: string
    readonly preview_images: readonly { readonly signed_url: string }[]
  }
  const asset = async () => (await (await get(`${spot}?${ofDrive}`)).json()) as Shown
  for (let waited = 0; (await asset()).proxy_job_state !== 'COMPLETED' && waited < 60; waited += 1) await pause(500)

  const { preview_images: images } = await asset()
  expect(images.length).toBeGreaterThan(4)
  const ours = await fetch(images[0]?.signed_url ?? '', { redirect: 'manual' })
  expect([ours.status, ours.headers.get('location')?.startsWith(double.endpoint)]).toEqual([307, true])
  const picture = await fetch(images[0]?.signed_url ?? '')
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/jpeg'])

  const source = await get(`${spot}/source?${ofDrive}`)
  expect([source.status, source.headers.get('location')?.startsWith(double.endpoint)]).toEqual([307, true])
  const bytes = Buffer.from(await (await fetch(source.headers.get('location') ?? '')).arrayBuffer())
  const sha = (data: Buffer) => createHash('sha256').update(data).digest('hex')
  expect(sha(bytes)).toBe(sha(await readFile('demo/spots/spot_v1.mp4')))
  const proxy = (await (await get(`${spot}/download?${ofDrive}&origin_type=PROXY`)).json()) as string
  expect((await fetch(proxy, { headers: { range: 'bytes=0-9' } })).status).toBe(206)
}, 90_000)

test('access tokens of the configured issuer count, by the algorithm of its key alone', async () => {
  const demo = JSON.parse(await readFile(join(home, 'data', 'demo.json'), 'utf8')) as Demo
  const me = async (token: string) => (await fetch(`${origin}/me`, { headers: { authorization: `Bearer ${token}` } })).status
  const claims = { issuer: 'https://id.example', audience: 'dailies', subject: demo.user_id, expiresIn: 60 } as const
  expect(await me(jwt.sign({}, issuer.privateKey, { ...claims, algorithm: 'ES256' }))).toBe(200)
  // The public key, which is no secret, taken for an HMAC's.
  const head = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
  const body = Buffer.from(JSON.stringify({ iss: claims.issuer, aud: claims.audience, sub: claims.subject, exp: Math.floor(Date.now() / 1000) + 60 })).toString('base64url')
  expect(await me(`${head}.${body}.${createHmac('sha256', issuer.publicKey).update(`${head}.${body}`).digest('base64url')}`)).toBe(401)
})
