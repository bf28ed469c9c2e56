import { randomUUID } from 'node:crypto'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Installation } from '../installation.ts'
import { withInstallation } from './with-installation.ts'

export interface Finding {
  readonly what: string
  readonly state: 'ok' | 'note' | 'fail'
  readonly about: string
}

/** Tries each thing that the server needs, for real; what fails says what to do. */
export async function examine(): Promise<Finding[]> {
  const config = readConfig(process.env) // its faults are said by themselves
  try {
    return await withInstallation(async (installation) => [
      await postgres(installation),
      ...(await objectStore(installation)),
      ...(await mediaTools(installation)),
      await workers(installation),
      await temporaryFolder(installation),
    ])
  } catch (error) {
    if (error instanceof AppError) return [storeFault(config, error)] // the folder of objects is opened with the rest
    return [{ what: 'Postgres', state: 'fail', about: `cannot be opened: ${error instanceof Error ? error.message : String(error)}. Look at DATABASE_URL, or at the folder DAILIES_HOME where it is embedded.` }]
  }
}

async function postgres({ pool, config }: Installation): Promise<Finding> {
  const { rows } = await pool.query<{ server_version: string; max: string }>(`SELECT current_setting('server_version') AS server_version, current_setting('max_connections') AS max`)
  const version = rows[0]?.server_version ?? ''
  const wanted = config.DATABASE_POOL + config.JOB_CONCURRENCY + 3
  if (Number.parseInt(version, 10) < 15) return { what: 'Postgres', state: 'fail', about: `${version} is too old: 15 is the floor` }
  if (Number(rows[0]?.max) < wanted) return { what: 'Postgres', state: 'fail', about: `allows ${rows[0]?.max} connections, one process wants ${wanted}: raise max_connections or lower DATABASE_POOL` }
  return { what: 'Postgres', state: 'ok', about: `${version}${config.DATABASE_URL ? '' : ', embedded'}; migrations are applied` }
}

/** Writes, reads back, signs and follows a link, removes: what a first upload would need. */
async function objectStore({ storage, config }: Installation): Promise<Finding[]> {
  const what = storeName(config)
  const key = `doctor/${randomUUID()}`
  try {
    await storage.check(AbortSignal.timeout(5000))
    await storage.put(key, Buffer.from('dailies'), { contentType: 'text/plain', signal: AbortSignal.timeout(10_000) })
    const opened = await storage.open(key, { range: { start: 1, end: 3 } })
    let text = ''
    for await (const chunk of opened?.body ?? []) text += String(chunk)
    if (text !== 'ail') return [{ what, state: 'fail', about: 'answers other bytes than were asked for' }]
    return [{ what, state: 'ok', about: 'writes, reads ranges and deletes' }, ...(config.S3_BUCKET ? [await publicLink(storage, key)] : [])]
  } catch (error) {
    return [storeFault(config, error)]
  } finally {
    await storage.delete([key]).catch(() => undefined)
  }
}

const storeName = ({ S3_BUCKET: bucket }: Config) => (bucket ? `Object store (bucket ${bucket})` : 'Object store (disk)')

/** Says which one it was that failed, since that is what is most often wrong. */
function storeFault(config: Config, error: unknown): Finding {
  const message = error instanceof AppError ? error.message : String(error)
  const { S3_BUCKET: bucket, S3_ENDPOINT: endpoint, S3_REGION: region, DAILIES_HOME: home } = config
  const where = bucket ? (endpoint ?? `AWS, region ${region}`) : join(resolve(home), 'objects')
  return { what: storeName(config), state: 'fail', about: `${message} (${where}). Look at ${bucket ? 'S3_BUCKET, S3_ENDPOINT and the keys' : 'the rights on DAILIES_HOME'}.` }
}

/** As a browser on another site would follow a link, CORS included. */
async function publicLink(storage: Installation['storage'], key: string): Promise<Finding> {
  const what = 'Links into the object store'
  const url = await storage.signGet(key, { disposition: 'inline', contentType: 'text/plain', expires: new Date(Date.now() + 60_000) })
  const response = await fetch(url, { headers: { origin: 'https://app.example' }, signal: AbortSignal.timeout(5000) }).catch(() => undefined)
  if (!response) return { what, state: 'fail', about: `${new URL(url).origin} cannot be reached from here: browsers need S3_PUBLIC_ENDPOINT where it differs` }
  if (response.status !== 200) return { what, state: 'fail', about: `a fresh link answers ${response.status}: look at clocks, region and S3_PUBLIC_ENDPOINT` }
  if (!response.headers.has('access-control-allow-origin')) return { what, state: 'note', about: 'carry no CORS header: pages on other origins cannot read them; give the bucket a CORS rule for GET and PUT' }
  return { what, state: 'ok', about: 'are followed, with CORS' }
}

async function mediaTools({ media, config }: Installation): Promise<Finding[]> {
  try {
    const { version, origin, notes } = await media.describe()
    return [{ what: 'ffmpeg', state: 'ok', about: `${version}, ${origin}` }, ...notes.map((about) => ({ what: 'ffmpeg', state: 'note', about }) as const)]
  } catch (error) {
    const isConfigured = config.FFMPEG_PATH !== undefined || config.FFPROBE_PATH !== undefined
    const about = isConfigured && error instanceof Error ? `${error.message}. Mend that setting, or leave it out` : 'was not found: install ffmpeg, or set FFMPEG_PATH and FFPROBE_PATH'
    return [{ what: 'ffmpeg', state: 'fail', about }]
  }
}

async function workers({ store }: Installation): Promise<Finding> {
  const { silentSeconds } = await import('../jobs/worker.ts')
  const [living, pending] = [await store.jobs.livingWorkers(silentSeconds), await store.jobs.pending()]
  if (living > 0) return { what: 'Workers', state: 'ok', about: `${living} running, ${pending} jobs in the queue` }
  return { what: 'Workers', state: pending > 0 ? 'fail' : 'note', about: `none runs, ${pending} jobs wait: start one with ROLE=worker or all` }
}

async function temporaryFolder({ config }: Installation): Promise<Finding> {
  const what = `Temporary folder ${config.TEMP_DIR}`
  const file = join(config.TEMP_DIR, `doctor-${randomUUID()}`)
  try {
    await mkdir(config.TEMP_DIR, { recursive: true })
    await writeFile(file, 'dailies')
  } catch (error) {
    return { what, state: 'fail', about: `cannot be written to: ${error instanceof Error ? error.message : String(error)}. Look at TEMP_DIR and its rights` }
  } finally {
    await rm(file, { force: true }).catch(() => undefined)
  }
  const { bavail, bsize } = await statfs(config.TEMP_DIR)
  const freeGiB = (bavail * bsize) / 2 ** 30
  return { what, state: freeGiB < 5 ? 'note' : 'ok', about: `${freeGiB.toFixed(1)} GiB free${freeGiB < 5 ? ': films from S3 are copied there while they are worked on' : ''}` }
}
