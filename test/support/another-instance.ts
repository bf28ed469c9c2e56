import type { AddressInfo } from 'node:net'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { buildApp } from '../../src/app.ts'
import { compose } from '../../src/container.ts'
import { connect } from '../../src/db/client.ts'
import { translateDatabaseError } from '../../src/db/database-errors.ts'
import type { LeaseTimes } from '../../src/features/uploads/upload-lease.ts'
import type { BodyTimes } from '../../src/http/body-times.ts'
import { holdToSchema } from '../../src/http/register-routes.ts'
import type { LinkSigner } from '../../src/ports/link-signer.ts'
import type { ObjectStorage } from '../../src/ports/object-storage.ts'
import { type Harness, secrets } from './harness.ts'

interface Options {
  readonly storage: (links: LinkSigner) => ObjectStorage
  readonly uploadTimes?: LeaseTimes
  readonly bodyTimes?: BodyTimes
  readonly publicUrl?: string
}

/** The same installation in a process of its own, so to speak: it shares database and store with the first, and nothing else. It listens. */
export async function anotherInstance(api: Harness, { storage, uploadTimes, bodyTimes, publicUrl = '' }: Options) {
  const pool = api.morePool(1)
  const media = createFfmpeg({ tempDir: api.folder, slots: 1 })
  const composed = compose({
    db: connect(pool),
    clock: api.clock,
    media,
    images: createSharp({ stills: media.stills }),
    storage,
    secrets,
    tokens: null,
    publicUrl,
    tempDir: api.folder,
    uploadMaxBytes: 5 * 2 ** 40,
    attachmentMaxBytes: 2 ** 30,
    faceFinder: null,
    faceMatchSimilarity: 0.5,
    ...(uploadTimes && { uploadTimes }),
    accessCacheMs: 0,
  })
  const app = await buildApp({
    ...composed,
    translateError: translateDatabaseError,
    checkAnswer: holdToSchema,
    corsOrigins: ['*'],
    trustedProxies: [],
    logger: process.env['TEST_LOG'] ? { level: 'error' } : false,
    ...(bodyTimes && { bodyTimes }),
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo // a TCP server's address
  return {
    ...composed,
    port,
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      app.server.closeAllConnections()
      await app.close()
      await pool.end()
    },
  }
}
