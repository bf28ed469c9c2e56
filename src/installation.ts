import { createPublicKey, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Algorithm } from 'jsonwebtoken'
import type { Pool } from 'pg'
import type { TokenSettings } from './access/authenticate.ts'
import { createFfmpeg } from './adapters/ffmpeg/ffmpeg.ts'
import { createHttpFaceFinder } from './adapters/http-face-finder/http-face-finder.ts'
import { createLocalDisk } from './adapters/local-disk/local-disk.ts'
import { createS3 } from './adapters/s3/s3.ts'
import { createSharp } from './adapters/sharp/sharp.ts'
import type { Config } from './config.ts'
import { type Composed, compose } from './container.ts'
import { connect, openPool } from './db/client.ts'
import { migrate } from './db/migrate.ts'
import { createJobRepository, type JobRepository } from './jobs/jobs.repository.ts'
import type { LinkSigner } from './ports/link-signer.ts'
import type { ObjectStorage } from './ports/object-storage.ts'

/** Everything that a process of Dailies stands on, whatever it then does with it: the server, a worker, a command. */
export interface Installation extends Composed {
  readonly config: Config
  readonly pool: Pool
  /** For what a transaction pooler cannot carry: jobs and LISTEN. */
  readonly directPool: Pool
  /** The queue as the worker uses it: requests cannot keep its heartbeat waiting. */
  readonly workerJobs: JobRepository
  readonly home: string
  readonly publicUrl: string
  readonly close: () => Promise<void>
}

/** Beside the job handlers', for LISTEN, heartbeat and sweep. */
export const workerConnections = 3

export async function openInstallation(config: Config): Promise<Installation> {
  const home = resolve(config.DAILIES_HOME)
  const database = await openDatabase(config, home)
  try {
    await migrate(database.directUrl)
    const pool = openPool({ url: database.url, max: config.DATABASE_POOL, prepared: config.PG_PREPARED === 'on' })
    const directPool = openPool({ url: database.directUrl, max: config.JOB_CONCURRENCY + workerConnections, limitMs: 60_000 })
    const publicUrl = config.PUBLIC_URL ?? `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${config.PORT}`
    const media = createFfmpeg({
      ...(config.FFMPEG_PATH && { ffmpegPath: config.FFMPEG_PATH }),
      ...(config.FFPROBE_PATH && { ffprobePath: config.FFPROBE_PATH }),
      tempDir: config.TEMP_DIR,
      slots: config.FFMPEG_SLOTS,
    })
    const composed = compose({
      db: connect(pool),
      clock: { now: () => new Date() },
      media,
      images: createSharp({ stills: media.stills }),
      storage: (links) => openStorage(config, home, links),
      secrets: config.SERVER_SECRET ?? [ownSecret(home)],
      tokens: tokenSettings(config),
      publicUrl,
      tempDir: config.TEMP_DIR,
      uploadMaxBytes: config.UPLOAD_MAX_BYTES,
      attachmentMaxBytes: config.ATTACHMENT_MAX_BYTES,
      faceFinder: config.FACE_FINDER_URL ? createHttpFaceFinder({ url: config.FACE_FINDER_URL }) : null,
      faceMatchSimilarity: config.FACE_MATCH_SIMILARITY,
      accessCacheMs: 2000,
    })
    const close = async () => {
      await Promise.allSettled([pool.end(), directPool.end()])
      await database.stop()
    }
    return { ...composed, config, pool, directPool, workerJobs: createJobRepository(connect(directPool)), home, publicUrl, close }
  } catch (error) {
    await database.stop()
    throw error
  }
}

interface Database {
  readonly url: string
  readonly directUrl: string
  readonly stop: () => Promise<void>
}

/** The database that is configured, else one of our own, which another process of ours may have running already. */
async function openDatabase(config: Config, home: string): Promise<Database> {
  if (config.DATABASE_URL) return { url: config.DATABASE_URL, directUrl: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL, stop: async () => undefined }
  const { startEmbeddedPostgres } = await import('./embedded/postgres.ts')
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres') })
  const url = postgres.url('postgres')
  return { url, directUrl: url, stop: postgres.stop }
}

function openStorage(config: Config, home: string, links: LinkSigner): ObjectStorage {
  if (!config.S3_BUCKET) return createLocalDisk({ root: join(home, 'objects'), links })
  return createS3({
    bucket: config.S3_BUCKET,
    region: config.S3_REGION,
    forcePathStyle: config.S3_FORCE_PATH_STYLE ?? config.S3_ENDPOINT !== undefined,
    ...(config.S3_ENDPOINT && { endpoint: config.S3_ENDPOINT }),
    ...(config.S3_PUBLIC_ENDPOINT && { publicEndpoint: config.S3_PUBLIC_ENDPOINT }),
    ...(config.S3_ACCESS_KEY_ID && { accessKeyId: config.S3_ACCESS_KEY_ID }),
    ...(config.S3_SECRET_ACCESS_KEY && { secretAccessKey: config.S3_SECRET_ACCESS_KEY }),
  })
}

/** An embedded installation makes its secret once, and keeps it with its data. */
function ownSecret(home: string): string {
  const file = join(home, 'secret')
  mkdirSync(home, { recursive: true, mode: 0o700 })
  if (!existsSync(file)) {
    try {
      writeFileSync(file, randomBytes(48).toString('base64'), { mode: 0o600, flag: 'wx' })
    } catch (error) {
      if (!existsSync(file)) throw error // else another process that started just now was quicker
    }
  }
  return readFileSync(file, 'utf8')
}

function tokenSettings(config: Config): TokenSettings | null {
  const { JWT_SECRET: secret, JWT_PUBLIC_KEY: publicKey, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = config
  if (!issuer || !audience) return null
  if (secret) return { key: secret, algorithms: ['HS256'], issuer, audience }
  return publicKey ? { key: publicKey, algorithms: algorithmsFor(publicKey), issuer, audience } : null
}

/** The algorithm follows from the kind of key, never from a token. */
function algorithmsFor(pem: string): Algorithm[] {
  return createPublicKey(pem).asymmetricKeyType === 'ec' ? ['ES256'] : ['RS256']
}
