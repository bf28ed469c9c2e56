import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { conflict } from '../../errors.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { bytesOf, type FileFacts, factsOf } from './local-file.ts'

interface Sending {
  readonly file: string
  readonly facts: FileFacts
  readonly signal: AbortSignal
  readonly onProgress?: (bytes: number, total: number) => void
}
interface Target {
  readonly key: string
  readonly contentType: string
}

/** Sends the file, and answers its SHA-256. Nothing of one that changed meanwhile stays: it would be neither what it was nor what it is. */
export async function sendSource(storage: ObjectStorage, { file, facts, signal, onProgress }: Sending, { key, contentType }: Target): Promise<Buffer> {
  const hash = createHash('sha256')
  const bytes = bytesOf(file, { signal, hash, onBytes: (sent) => onProgress?.(sent, facts.size) })
  const { size } = await storage.put(key, Readable.from(bytes, { objectMode: false }), { contentType, size: facts.size, signal })
  const after = await factsOf(file).catch(() => undefined)
  if (size !== facts.size || after?.size !== facts.size || after.modified.getTime() !== facts.modified.getTime()) {
    await storage.delete([key])
    throw conflict('The file changed while it was read: try again when it is written')
  }
  return hash.digest()
}
