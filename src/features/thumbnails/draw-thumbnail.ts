import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Attachment } from '../../attachments/attachment-token.ts'
import { usedAlready } from '../../attachments/uploaded-attachment.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { ImageEngine } from '../../ports/image-engine.ts'
import type { RenderedImage } from '../../ports/media-engine.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'

const longestSide = 1920
const keyOf = ({ driveId, id }: Attachment) => objectKeys.attachment(driveId, id)

interface Needs {
  readonly storage: ObjectStorage
  readonly images: ImageEngine
}

/** The picture that was uploaded, drawn anew into the folder. `MediaError` where it is none, or asks for too much. */
export async function drawn({ storage, images }: Needs, attachment: Attachment, { folder, signal }: { readonly folder: string; readonly signal: AbortSignal }): Promise<RenderedImage> {
  const opened = await storage.open(keyOf(attachment), { signal })
  if (!opened) throw usedAlready() // by a request that was quicker
  const source = join(folder, 'attachment')
  await pipeline(opened.body, createWriteStream(source, { flags: 'wx', mode: 0o600 }), { signal })
  return images.rendition({ source, target: join(folder, 'thumbnail.jpg'), maxSize: longestSide, isTight: true, signal })
}

/** The bytes of an attachment that was used up; what cannot be removed now goes with the sweep. */
export const discard = (storage: ObjectStorage, attachment: Attachment) => storage.delete([keyOf(attachment)]).catch(() => undefined)
