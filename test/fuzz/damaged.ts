/**
 * Puts files damaged at random through a server, with whole films in between, and looks at what it says of each, at its memory and at what it leaves behind.
 * Usage: npm run test:damaged [-- COUNT [SEED]]   (200 files; the built server is what runs; Linux)
 */
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openInstallation } from '../kill/installation.ts'
import { randomFrom } from '../kill/killed-server.ts'
import { highestMb, watchChildren } from '../support/peak-memory.ts'
import { damage, isPlainReason, makeWholeFiles } from './damage.ts'

const count = Number(process.argv[2] ?? 200)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
const mostMb = 512
const limitSeconds = 60 + count * 4
const wholeEvery = 20

const folder = await mkdtemp(join(tmpdir(), 'dailies-damaged-'))
const files = join(folder, 'files')
const began = Date.now()
console.log(`seed ${seed}, ${count} files`)
const whole = await makeWholeFiles(join(folder, 'whole'))
const damaged = damage(whole, { folder: files, count, random: randomFrom(seed) })
const good = damaged.filter((_, at) => at % wholeEvery === 0).map(({ name }) => name.replace(/-.*/, '-good.mp4'))
for (const name of good) await copyFile(join(folder, 'whole/whole.mp4'), join(files, name))

const installation = await openInstallation()
const watch = watchChildren({ pid: installation.serverPid(), fits: /ff(?:mpeg|probe)|--input-type=module/ })
await installation.cli('ingest', `${files}/`, '--drive', installation.driveId)
const sent = Date.now()

interface Row {
  readonly id: string
  readonly asset: string
  readonly job: string
  readonly state: string
  readonly error: string | null
}
/** What is made of an asset by itself; the others have nobody here who would do them. */
const jobs = ['metadata', 'preview', 'color_palette', 'proxy', 'audio_proxy', 'audio']
const rows = () => installation.rows<Row>(
  `SELECT a.id, a.name AS asset, given.job, coalesce(j.state, 'NOT_STARTED') AS state, j.error FROM living_assets a CROSS JOIN unnest($1::text[]) AS given (job)
   LEFT JOIN asset_jobs j ON j.drive_id = a.drive_id AND j.asset_id = a.id AND j.name = given.job ORDER BY a.name`, [jobs]) // prettier-ignore
const hasEnded = ({ state }: Row) => state === 'COMPLETED' || state === 'FAILED'
/** Nobody should need to try a damaged file again. */
const isTriedAgain = ({ state, error }: Row) => state === 'NOT_STARTED' && error !== null

let found = await rows()
while (!found.every((row) => hasEnded(row) || isTriedAgain(row)) && Date.now() - sent < limitSeconds * 1000) {
  await pause(250)
  found = await rows()
}
const jobsSeconds = (Date.now() - sent) / 1000
const faults: string[] = []
if (new Set(found.map((row) => row.asset)).size !== count + good.length) faults.push(`there are ${new Set(found.map((row) => row.asset)).size} assets`)
for (const { asset, job, state, error } of found) {
  if (state !== 'COMPLETED' && state !== 'FAILED') faults.push(`${asset}: ${job} is ${state}: ${error}`)
  else if (state === 'FAILED' && !isPlainReason(error ?? '')) faults.push(`${asset}: ${job} FAILED: ${error}`)
  else if (good.includes(asset) && state !== 'COMPLETED') faults.push(`${asset} is whole, and its ${job} is ${state}: ${error}`)
}
for (const id of new Set(found.map((row) => row.id)))
  for (const path of [`/assets/${id}`, `/assets/${id}/jobs`]) {
    const { status } = await installation.request('GET', `${path}?drive_id=${installation.driveId}`)
    if (status !== 200) faults.push(`GET ${path} answered ${status}`)
  }
await pause(500)
const left = await readdir(join(installation.temp, 'jobs')).catch(() => [])
if (left.length > 0) faults.push(`left in the temporary folder: ${left.join(' ')}`)
if (watch.running() > 0) faults.push(`${watch.running()} media tools still run`)
const { childMb, togetherMb } = watch.stop()
if (childMb > mostMb) faults.push(`a media tool held ${childMb} MiB`)
if (!installation.isAlive()) faults.push('the server ended')
const serverMb = highestMb(installation.serverPid())
await installation.close()
await rm(folder, { recursive: true, force: true })

const reasons = new Map<string, number>()
for (const { state, error } of found) if (state === 'FAILED') reasons.set(error ?? '', (reasons.get(error ?? '') ?? 0) + 1)
for (const [reason, times] of [...reasons].sort(([, a], [, b]) => b - a)) console.log(`  ${String(times).padStart(4)} × ${reason}`)
for (const fault of faults) console.log(`! ${fault}`)
const failed = new Set(found.filter(({ state }) => state === 'FAILED').map(({ asset }) => asset)).size
console.log(`${count} damaged files: ${failed} with a job that failed, ${count - failed} read all the same; ${good.length} whole films between them`)
console.log(`a media tool held ${childMb} MiB at the most, all together ${togetherMb}; the server ${serverMb}`)
console.log(`jobs ended ${jobsSeconds.toFixed(0)} s after the last file, ${((Date.now() - began) / 1000).toFixed(0)} s in all`)
console.log(faults.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed')
process.exit(faults.length === 0 ? 0 : 1)
