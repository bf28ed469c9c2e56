import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { localScope } from './access/local-scope.ts'
import type { DriveScope } from './access/scope.ts'
import type { Installation } from './installation.ts'

/** In the drive, and alike below `demo/` of the repository. */
const files = ['/spots/spot_v1.mp4', '/spots/spot_v2.mp4', '/interviews/interview.mp4', '/stills/still.jpg', '/audio/atmo.wav'] as const

const DemoFile = z.object({ url: z.string(), api_key: z.string(), drive_id: z.guid(), user_id: z.guid(), assets: z.record(z.string(), z.guid()) })
type DemoFile = z.infer<typeof DemoFile>

const person = { email: 'demo@dailies.invalid', name: 'Demo' }
const jobsLimitMs = 120_000

/**
 * A drive to try things on: made once, by the services that serve everybody, and told in `demo.json` (mode 0600). Where that file is, nothing is made
 * again, so what its owner deletes stays deleted; where it was lost, it is written anew with a new key. Answers lines to print.
 */
export async function ensureDemo(installation: Installation, { waitForJobs }: { readonly waitForJobs: boolean }): Promise<readonly string[]> {
  const file = join(installation.home, 'demo.json')
  const known = await readDemoFile(file)
  const demo = known ?? (await makeDemo(installation, waitForJobs))
  // Another server on the same folder that still answers keeps its name in the file.
  const url = known && (await isAnswering(known.url)) ? known.url : installation.publicUrl
  await writePrivately(file, `${JSON.stringify({ ...demo, url }, null, 2)}\n`)
  return linesToTry({ ...demo, url: installation.publicUrl }, file)
}

/** Undefined where it is missing or is not what we wrote: it is then written anew. */
async function readDemoFile(file: string): Promise<DemoFile | undefined> {
  try {
    return DemoFile.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}

const isAnswering = (url: string) =>
  fetch(`${url}/health/live`, { signal: AbortSignal.timeout(500) }).then(
    (answer) => answer.ok,
    () => false,
  )

async function makeDemo({ services, store, config }: Installation, waitForJobs: boolean): Promise<DemoFile> {
  const { users, apiKeys, drives, ingest } = services
  const user = (await store.users.byEmail(person.email)) ?? (await users.create({ ...person, is_operator: true }))
  const caller = { userId: user.id, ...person, isOperator: true, keyId: null, onlyDriveId: null }
  const own = await store.users.drivesOf(user.id, null)
  const drive = own.find((each) => each.name === 'Demo') ?? (await drives.create(caller, 'Demo'))
  const scope = localScope(drive.id)
  const isEmbedded = config.DATABASE_URL === undefined // elsewhere another server may have a demo.json of its own
  const assets: Record<string, string> = {}
  for (const path of files) {
    const cut = path.lastIndexOf('/') + 1
    const order = { file: join(demoFolder(), path), path: { directory: path.slice(0, cut), name: path.slice(cut) }, onConflict: 'skip', signal: AbortSignal.timeout(60_000) } as const
    const { assetId } = await ingest.file(scope, order)
    if (assetId) assets[path] = assetId
  }
  if (waitForJobs) await jobsDone(scope, store, Object.values(assets))
  // Nobody has the key of a file that was lost, or somebody has who should not.
  if (isEmbedded) for (const old of (await apiKeys.list(caller, { limit: 200 })).items) if (old.name === 'demo') await apiKeys.revoke(caller, old.id)
  const { key } = await apiKeys.createOwn(caller, { name: 'demo' })
  return { url: '', api_key: key, drive_id: drive.id, user_id: user.id, assets }
}

/** The demo is shown when it can be looked at; a slow machine is not waited for for ever. */
async function jobsDone({ driveId }: DriveScope<'read'>, store: Installation['store'], assetIds: readonly string[]) {
  const until = Date.now() + jobsLimitMs
  while (Date.now() < until) {
    if ((await store.assetJobsOverview.unended(driveId, assetIds, ['metadata', 'preview', 'proxy', 'audio_proxy'])) === 0) return
    await pause(200)
  }
}

function demoFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'demo', 'spots'))) {
    if (dirname(folder) === folder) throw new Error('The folder demo/ is missing from this installation; set DEMO=false to start without')
    folder = dirname(folder)
  }
  return join(folder, 'demo')
}

async function writePrivately(file: string, text: string) {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.part`, text, { mode: 0o600 })
  await rename(`${file}.part`, file)
}

function linesToTry({ url, api_key: key, drive_id: drive, assets }: DemoFile, file: string): string[] {
  const spot = assets['/spots/spot_v1.mp4'] ?? Object.values(assets)[0] ?? ''
  return [
    `  Demo key: ${key}   (all of it: ${file})`,
    `  Docs:     ${url}/docs`,
    '  Try:',
    `    curl -s -H 'Authorization: ${key}' ${url}/me`,
    `    curl -s -H 'Authorization: ${key}' '${url}/assets/${spot}?drive_id=${drive}'`,
    `    curl -sL -H 'Authorization: ${key}' -o spot.mp4 '${url}/assets/${spot}/source?drive_id=${drive}'`,
  ]
}
