import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import type { Role } from '../../src/access/actions.ts'
import { keyHash, newKey } from '../../src/access/api-keys.ts'
import type { TokenSettings } from '../../src/access/authenticate.ts'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { createLocalDisk } from '../../src/adapters/local-disk/local-disk.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { buildApp } from '../../src/app.ts'
import { compose } from '../../src/container.ts'
import { connect } from '../../src/db/client.ts'
import { translateDatabaseError } from '../../src/db/database-errors.ts'
import { apiKeys, assets, driveMembers, drives, objects, users } from '../../src/db/schema/index.ts'
import type { LeaseTimes } from '../../src/features/uploads/upload-lease.ts'
import { healthRoutes } from '../../src/features/health/health.routes.ts'
import { holdToSchema } from '../../src/http/register-routes.ts'
import { objectKeys } from '../../src/objects/object-keys.ts'
import type { FaceFinder } from '../../src/ports/face-finder.ts'
import type { ImageEngine } from '../../src/ports/image-engine.ts'
import type { LinkSigner } from '../../src/ports/link-signer.ts'
import type { ObjectStorage } from '../../src/ports/object-storage.ts'
import { openFileDatabase } from './database.ts'

export interface Person {
  readonly userId: string
  readonly email: string
  readonly key: string
}
export type Harness = Awaited<ReturnType<typeof startHarness>>

interface Options {
  readonly tokens?: TokenSettings
  readonly storage?: (links: LinkSigner) => ObjectStorage
  readonly accessCacheMs?: number
  readonly images?: ImageEngine
  readonly faceFinder?: FaceFinder
  readonly uploadTimes?: LeaseTimes
  /** Of the pool that requests use: one shows every query that slips past its transaction. */
  readonly connections?: number
}

export const secrets = ['a secret of the tests, 32 bytes long', 'the secret before it, 32 bytes long']

/** The real app on a real database and a real folder; only the clock is ours. */
export async function startHarness({ tokens, storage, images, faceFinder, accessCacheMs = 0, uploadTimes, connections = 1 }: Options = {}) {
  const { url, pool, drop, morePool } = await openFileDatabase({ connections })
  const folder = await mkdtemp(join(tmpdir(), 'dailies-test-'))
  const db = connect(pool)
  let offsetMs = 0
  const clock = { now: () => new Date(Date.now() + offsetMs) }
  const media = createFfmpeg({ tempDir: folder, slots: 2 })
  const composed = compose({
    db,
    clock,
    media,
    images: images ?? createSharp({ stills: media.stills }),
    storage: storage ?? ((links) => createLocalDisk({ root: join(folder, 'objects'), links })),
    secrets,
    tokens: tokens ?? null,
    publicUrl: '',
    tempDir: folder,
    uploadMaxBytes: 5 * 2 ** 40,
    attachmentMaxBytes: 2 ** 30,
    faceFinder: faceFinder ?? null,
    faceMatchSimilarity: 0.5,
    ...(uploadTimes && { uploadTimes }),
    accessCacheMs,
  })
  const health = healthRoutes(() => Promise.resolve({ status: 'ok', checks: { postgres: 'ok', object_store: 'ok', media_tools: 'ok', jobs: 'off' } }))
  const app: FastifyInstance = await buildApp({
    ...composed,
    routes: [...health, ...composed.routes],
    translateError: translateDatabaseError,
    checkAnswer: holdToSchema,
    corsOrigins: ['*'],
    trustedProxies: [],
    logger: process.env['TEST_LOG'] ? { level: 'error' } : false,
  })

  async function person({ isOperator = false, name = 'Ana Diaz' } = {}): Promise<Person> {
    const [userId, key, now] = [uuidv7(), newKey(), clock.now()]
    const email = `${userId}@example.com`
    await db.insert(users).values({ id: userId, email, name, isOperator, createdAt: now, updatedAt: now })
    await db.insert(apiKeys).values({ id: uuidv7(), userId, name: 'test', hash: keyHash(key), createdAt: now })
    return { userId, email, key }
  }

  async function drive(name = 'A drive') {
    const [driveId, now] = [uuidv7(), clock.now()]
    await db.insert(drives).values({ id: driveId, name, createdAt: now, updatedAt: now })
    const join = async (userId: string, role: Role) => void (await db.insert(driveMembers).values({ driveId, userId, role, createdAt: now }))
    return {
      driveId,
      join,
      async member(role: Role): Promise<Person> {
        const made = await person()
        await join(made.userId, role)
        return made
      },
      /** An asset without anything having looked at it; its bytes are there only where `bytes` are given. */
      async asset({ directory = '/', name = `${uuidv7()}.mov`, bytes, ...rest }: Partial<typeof assets.$inferInsert> & { bytes?: Buffer } = {}): Promise<string> {
        const [id, objectId] = [uuidv7(), uuidv7()]
        const key = objectKeys.source(driveId, id)
        const sizeBytes = bytes?.length ?? 1000
        if (bytes) await composed.storage.put(key, bytes, { contentType: 'video/quicktime' })
        await db.insert(objects).values({ driveId, id: objectId, kind: 'source', key, state: 'stored', sizeBytes, contentType: 'video/quicktime', referenceCount: 1, createdAt: now })
        await db.insert(assets).values({
          driveId, id, directory, name, extension: 'mov', type: 'VIDEO', sourceObjectId: objectId, sizeBytes, contentType: 'video/quicktime', createdAt: now, updatedAt: now, placedAt: rest.createdAt ?? now, ...rest,
        })
        return id
      },
    }
  }

  return {
    ...composed,
    url,
    app,
    db,
    pool,
    /** A second pool on the same database, for what really happens at once. */
    morePool,
    folder,
    clock,
    advance: (ms: number) => void (offsetMs += ms),
    person,
    /** Every test makes its own drive, so tests share a database without seeing each other's rows. */
    drive,
    /** What the work sends to Postgres. */
    async counting<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly statements: readonly string[] }> {
      const statements: string[] = []
      const send = pg.Client.prototype.query
      pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
        const [first] = args
        statements.push(typeof first === 'string' ? first : String((first as { text?: string }).text))
        return (send as (...all: unknown[]) => unknown).apply(this, args)
      } as typeof send
      try {
        return { result: await work(), statements }
      } finally {
        pg.Client.prototype.query = send
      }
    },
    as: (who: Person) => (request: InjectOptions) => app.inject({ ...request, headers: { authorization: who.key, ...request.headers } }),
    async stop() {
      await app.close()
      await drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
