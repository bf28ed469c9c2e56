import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { unavailable } from '../../errors.ts'
import type { ImageEngine, Region } from '../../ports/image-engine.ts'
import { MediaError } from '../../ports/media-engine.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { withMargin } from './face-box.ts'

/** A picture that faces are cut out of: its bytes, and the file that the engine reads. */
interface FetchedPicture {
  readonly bytes: Buffer
  readonly path: string
}
interface Fetch {
  readonly key: string
  readonly folder: string
  /** Of the file in the folder. */
  readonly name: string
  readonly signal: AbortSignal
}

const longestSide = 256

/** Previews are ours, and small. */
export async function fetchPicture(storage: ObjectStorage, { key, folder, name, signal }: Fetch): Promise<FetchedPicture> {
  const opened = await storage.open(key, { signal })
  if (!opened) throw unavailable('The object store does not have the preview')
  const bytes = await buffer(opened.body)
  const path = join(folder, name)
  await writeFile(path, bytes, { mode: 0o600 })
  return { bytes, path }
}

/** The file of the face cut out; null where nothing can be cut out of the picture. */
export async function cutOut(images: ImageEngine, source: string, { box, target, signal }: { readonly box: Region; readonly target: string; readonly signal: AbortSignal }): Promise<string | null> {
  try {
    return (await images.rendition({ source, target, maxSize: longestSide, region: withMargin(box), signal })).path
  } catch (error) {
    if (error instanceof MediaError) return null
    throw error
  }
}
