/**
 * In each stage of an ingest the folder for temporary files runs full, the object store goes away, or the server is killed (-9): every job must then end, in plain
 * words where it failed; what failed must end well when it is asked for again; and nothing may be there twice.
 * Usage: npm run test:faults [-- ROUNDS [SEED]]   (10 rounds; the built server is what runs; the full disk takes root, who mounts a small one)
 *
 * Every other time the fault stays until the jobs have used up their tries. So that this takes no days, tries are counted and brought forward in the queue's table.
 */
import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ffmpeg } from '../support/films.ts'
import { startS3Double } from '../support/s3-double.ts'
import { type Fault, faultNames, faultsOf, mountSmallDisk } from './faults.ts'
import { ingestView, type JobRow } from './ingest-view.ts'
import { openInstallation } from './installation.ts'
import { randomFrom } from './killed-server.ts'
import { type Course, type Stage, stages, watchStore } from './stage-watch.ts'

const rounds = Number(process.argv[2] ?? 10)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
const random = randomFrom(seed)
const smallDiskMegabytes = 48

let leave: () => void = () => process.exit(1)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leave())
const work = await mkdtemp(join(tmpdir(), 'dailies-faults-'))
const disk = mountSmallDisk(join(work, 'temp'), smallDiskMegabytes)
process.once('exit', () => {
  disk?.unmount()
  rmSync(work, { recursive: true, force: true })
})
const double = await startS3Double()
const watch = watchStore(double)
const installation = await openInstallation({
  S3_BUCKET: double.bucket, S3_ENDPOINT: double.endpoint, S3_REGION: double.region, S3_ACCESS_KEY_ID: double.accessKeyId, S3_SECRET_ACCESS_KEY: double.secretAccessKey,
  TEMP_DIR: join(work, 'temp'), LOG_LEVEL: 'silent',
}) // prettier-ignore
leave = () => void close().finally(() => process.exit(1))
const view = ingestView(installation, double)

interface Source {
  readonly name: string
  readonly file: string
  /** Ingested in peace. */
  model: string
  course: Course
}
interface Tally {
  struck: number
  /** Some job was cut off or failed. */
  hit: number
  failed: number
  retried: number
  readonly faults: string[]
  readonly reasons: Map<string, number>
}

async function makeSources(): Promise<readonly Source[]> {
  const film = join(work, 'film.mp4')
  const [picture, sound] = ['testsrc2=size=640x360:rate=25:duration=12', 'sine=frequency=440:sample_rate=48000:duration=12']
  await ffmpeg('-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac', film)
  const drawing = join(work, 'drawing.svg')
  await writeFile(drawing, `<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="900">${Array.from({ length: 400 }, (_, at) => `<circle cx="${(at * 97) % 1600}" cy="${(at * 61) % 900}" r="${at % 50}" fill="hsl(${at},80%,50%)"/>`).join('')}</svg>`)
  const course = { puts: 0, renderMs: 0, usesTools: true }
  return [film, 'demo/stills/still.jpg', 'demo/audio/atmo.wav', drawing].map((file) => ({ name: file.replace(/.*\//, ''), file, model: '', course }))
}

let number = 0
/** As a camera's uploader would: the bytes into the bucket, then a word to the server. */
async function register({ name, file }: Source): Promise<string> {
  number += 1
  const key = `drives/${installation.driveId}/incoming/${number}-${name}`
  const copy = double.store.newFile()
  await copyFile(file, copy)
  await double.store.put(key, { file: copy, size: (await stat(copy)).size, md5: String(number) }, { contentType: 'application/octet-stream', metadata: {} })
  const answer = await installation.request('POST', `/workspaces/drives/${installation.driveId}/assets`, { path: `${number}-${name}`, object_key: key })
  const asset = (await answer.json()) as { readonly id: string } // as the description has it
  if (answer.status !== 200) throw new Error(`registering answered ${answer.status}: ${JSON.stringify(asset)}`)
  return asset.id
}

async function ingestInPeace(source: Source) {
  const course = watch.measure()
  source.model = await register(source)
  const { jobs } = await view.ended(source.model)
  if (jobs.some(({ state }) => state !== 'COMPLETED')) throw new Error(`${source.name} cannot be ingested even in peace: ${JSON.stringify(jobs)}`)
  source.course = course(/\.(?:mp4|wav)$/.test(source.name))
}

interface Strike {
  readonly stage: Stage
  readonly fault: Fault
  readonly source: Source
  /** Until the jobs have used up their tries. */
  readonly isLasting: boolean
  readonly tally: Tally
}

async function strike({ stage, fault, source, isLasting, tally }: Strike) {
  const note = (fault: string) => tally.faults.push(`${source.name}, ${isLasting ? 'lasting' : 'passing'}: ${fault}`)
  const strikeAt = (fetches: 1 | 2) => watch.strikeAt({ stage, fetches, course: source.course, serverPid: installation.serverPid, random, strike: fault.begin })
  const struck = strikeAt(2)
  const id = await register(source)
  if (!(await struck)) return note('the stage was not reached')
  tally.struck += 1
  const before = await view.jobs(id)
  if (fault.name !== 'kill -9') {
    const troubled = await view.troubled(id)
    readReasons(troubled, { fault, tally, note })
    if (isLasting && troubled.some(({ error }) => error !== null)) await view.ended(id, { isLastTry: true })
  }
  const isUnended = before.length === 0 || before.some(({ state }) => state !== 'COMPLETED')
  if (fault.name === 'kill -9' && isLasting && isUnended) {
    // Killed once more, in a try that is the last.
    const again = strikeAt(before.some(({ name, state }) => name === 'metadata' && state === 'COMPLETED') ? 1 : 2)
    await installation.restart({ isLastTry: true })
    if (!(await again)) return note('the stage was not reached in the last try')
  }
  await fault.end()
  const { jobs, haveEnded } = await view.ended(id)
  if (!haveEnded) return note(`not ended: ${JSON.stringify(jobs)}`)
  readReasons(jobs.filter(({ state }) => state === 'FAILED'), { fault, tally, note })
  if (isUnended) tally.hit += 1
  const failed = jobs.filter(({ state }) => state === 'FAILED')
  if (failed.length > 0) await retry(id, failed, { tally, note })
  for (const each of [...(await view.doubled(id, source.model)), ...(await view.leftovers()).map((name) => `left behind: ${name}`)]) note(each)
}

interface Judging {
  readonly fault: Fault
  readonly tally: Tally
  readonly note: (fault: string) => void
}

function readReasons(jobs: readonly JobRow[], { fault, tally, note }: Judging) {
  for (const reason of new Set(jobs.flatMap(({ error }) => error ?? []))) {
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1)
    if (!fault.words.test(reason)) note(`an owner is told “${reason}”`)
  }
  for (const { name } of jobs.filter(({ state, error }) => state === 'FAILED' && error === null)) note(`${name} failed without a reason`)
}

/** Each by itself, as from a list of what failed; one that another's retry has ordered or begun already may refuse. */
async function retry(id: string, failed: readonly JobRow[], { tally, note }: Omit<Judging, 'fault'>) {
  tally.failed += 1
  for (const { name } of failed) {
    const { status } = await installation.request('POST', `/assets/${id}/jobs/${name}/retry`)
    const isUnderWay = status === 409 && (await view.jobs(id)).some((job) => job.name === name && job.state !== 'FAILED')
    if (status !== 200 && !isUnderWay) note(`a retry of ${name} answered ${status}`)
  }
  const { jobs } = await view.ended(id)
  if (jobs.every(({ state }) => state === 'COMPLETED')) tally.retried += 1
  else note(`a retry did not end well: ${JSON.stringify(jobs)}`)
}

/** What nobody refers to is swept, as a day later; then bucket and tables must agree to the last object. */
async function sweepAndCompare(): Promise<readonly string[]> {
  await installation.rows(`UPDATE objects SET unreferenced_at = unreferenced_at - interval '2 days' WHERE reference_count = 0`)
  const [swept] = await installation.rows<{ n: string }>('SELECT count(*) AS n FROM objects WHERE reference_count = 0')
  await installation.rows(`SELECT graphile_worker.add_job('objects:sweep')`)
  const left = async () => Number((await installation.rows<{ n: string }>('SELECT count(*) AS n FROM objects WHERE reference_count = 0'))[0]?.n)
  for (const until = Date.now() + 30_000; (await left()) > 0 && Date.now() < until; ) await pause(100)
  const found = await installation.cli<{ agreeing: number; waiting: number; orphans: { count: number }; missing: { count: number } }>('doctor', '--objects', '--grace', '0')
  console.log(`objects: ${found.agreeing} agree, ${swept?.n} were swept that tries cut off had left, ${found.waiting} wait still, ${found.orphans.count} orphans, ${found.missing.count} missing`)
  const [rows] = await installation.rows<{ n: string }>('SELECT count(*) AS n FROM objects')
  const stored = double.store.keys().filter((key) => key.startsWith('drives/')).length
  return [
    ...(found.waiting + found.orphans.count + found.missing.count === 0 ? [] : [`bucket and tables do not agree: ${JSON.stringify(found)}`]),
    ...(Number(rows?.n) === stored ? [] : [`${stored} objects in the bucket, ${rows?.n} in the table`]),
  ]
}

let closing: Promise<void> | undefined
const close = () => (closing ??= closeAll())
async function closeAll() {
  watch.plugIn()
  await installation.close()
  await double.close()
  disk?.unmount()
  await rm(work, { recursive: true, force: true })
}

const began = Date.now()
const faultsFound: string[] = []
try {
  console.log(`seed ${seed}, ${rounds} rounds of ${stages.length} stages`)
  if (!disk) console.log(`${faultNames[0]}: skipped, since a small file system can be mounted by root alone`)
  const sources = await makeSources()
  for (const source of sources) await ingestInPeace(source)
  console.log(`in peace: ${sources.map(({ name, course }) => `${name} ${course.puts} objects, rendered in ${course.renderMs} ms`).join('; ')}`)
  for (const [stageAt, stage] of stages.entries())
    for (const [faultAt, fault] of faultsOf({ installation, watch, disk: disk?.folder }).entries()) {
      const from = Date.now()
      const tally: Tally = { struck: 0, hit: 0, failed: 0, retried: 0, faults: [], reasons: new Map() }
      for (let round = 0; round < rounds; round += 1) {
        const source = sources[(stageAt + faultAt + round) % sources.length]
        if (source) await strike({ stage, fault, source, isLasting: random() < 0.5, tally })
      }
      const { struck, hit, failed, retried, faults, reasons } = tally
      console.log(`${stage.padEnd(6)} × ${fault.name.padEnd(16)} ${struck} struck (${hit} in the midst), ${failed} failed and ${retried} of them ended well when retried, ${faults.length} off, ${((Date.now() - from) / 1000).toFixed(0)} s${[...reasons].map(([reason, times]) => ` · ${times} × “${reason}”`).join('')}`)
      for (const each of faults) console.log(`  ${each}`)
      faultsFound.push(...faults)
    }
  faultsFound.push(...(await sweepAndCompare()))
  faultsFound.push(...(await view.leftovers()).map((name) => `left in the folder for temporary files: ${name}`))
} catch (error) {
  faultsFound.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
} finally {
  await close()
}
for (const fault of faultsFound) console.log(`  ${fault}`)
console.log(`${number} assets, ${((Date.now() - began) / 1000).toFixed(0)} s in all`)
console.log(faultsFound.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed')
process.exit(faultsFound.length === 0 ? 0 : 1)
