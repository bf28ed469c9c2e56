import type { Readable } from 'node:stream'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { unavailable } from '../../errors.ts'

const headBytes = 256 * 1024

/** What the bytes look like, as a media type; undefined where they look like nothing known (text, mostly). */
export async function sniff(storage: ObjectStorage, key: string, signal: AbortSignal): Promise<string | undefined> {
  const head = await storage.head(key, signal)
  if (!head) throw unavailable('The object store does not have the source')
  if (head.size === 0) return undefined
  const opened = await storage.open(key, { range: { start: 0, end: Math.min(head.size, headBytes) - 1 }, signal })
  if (!opened) throw unavailable('The object store does not have the source')
  const bytes = await collect(opened.body)
  const { fileTypeFromBuffer } = await import('file-type')
  const type = await fileTypeFromBuffer(bytes)
  return type?.mime ?? stillMime(bytes) ?? (looksLikeSvg(bytes) ? 'image/svg+xml' : undefined)
}

/** Pictures of film and games, which file-type does not know. */
const STILLS: readonly (readonly [pattern: RegExp, mime: string])[] = [
  [/^v\/1\x01/, 'image/x-exr'],
  [/^#\?(?:RADIANCE|RGBE)\b/, 'image/vnd.radiance'],
  [/^(?:SDPX|XPDS)/, 'image/x-dpx'],
  [/^DDS \x7c\0\0\0/, 'image/vnd.ms-dds'],
  [/^\xff\x4f\xff\x51/, 'image/j2c'],
]

function stillMime(bytes: Buffer): string | undefined {
  const head = bytes.toString('latin1', 0, 16)
  return STILLS.find(([pattern]) => pattern.test(head))?.[1]
}

const looksLikeSvg = (bytes: Buffer) => /^(?:\uFEFF)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]{0,2000}?-->\s*)?(?:<!DOCTYPE svg[^>]{0,500}>\s*)?<svg[\s>]/i.test(bytes.subarray(0, 8192).toString('utf8'))

async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer) // a byte stream's chunks
  return Buffer.concat(chunks)
}
