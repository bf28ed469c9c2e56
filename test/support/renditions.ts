import { v7 as uuidv7 } from 'uuid'
import type { StoryboardFacts } from '../../src/db/schema/index.ts'
import { objects, renditions } from '../../src/db/schema/index.ts'
import { objectKeys, type RenditionKind, renditionTypes } from '../../src/objects/object-keys.ts'
import type { Harness } from './harness.ts'

interface Made {
  readonly driveId: string
  readonly assetId: string
  readonly kind: RenditionKind
  readonly bytes: Buffer
  readonly width?: number
  readonly height?: number
  readonly facts?: StoryboardFacts
}

/** Puts a rendition beside an asset, as a worker would have made it; answers its id. */
export async function addRendition({ db, storage, clock }: Harness, { driveId, assetId, kind, bytes, width = 1, height = 1, facts }: Made): Promise<string> {
  const [id, objectId, createdAt] = [uuidv7(), uuidv7(), clock.now()]
  const [key, contentType] = [objectKeys.rendition(driveId, assetId, { kind, id }), renditionTypes[kind]]
  await storage.put(key, bytes, { contentType })
  await db.insert(objects).values({ driveId, id: objectId, kind, key, state: 'stored', sizeBytes: bytes.length, contentType, referenceCount: 1, createdAt })
  await db.insert(renditions).values({ driveId, id, assetId, objectId, kind, width, height, createdAt, facts: facts ?? null })
  return id
}
