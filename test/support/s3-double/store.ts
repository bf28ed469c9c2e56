import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noSuchUpload, S3Error } from './errors.ts'
import type { Landed } from './payload.ts'

export interface Attributes {
  readonly contentType: string
  /** x-amz-meta-… */
  readonly metadata: Readonly<Record<string, string>>
}

export interface Stored extends Attributes {
  readonly file: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly modified: Date
}

export interface Upload extends Attributes {
  readonly key: string
  readonly parts: Map<number, Landed>
}

const minPartBytes = 5 * 1024 * 1024

/** Names and headers in memory, bytes in files, so that large objects cost the tests no memory. */
export class Store {
  readonly #folder: string
  readonly #now: () => Date
  readonly #objects = new Map<string, Stored>()
  readonly uploads = new Map<string, Upload>()

  private constructor(folder: string, now: () => Date) {
    this.#folder = folder
    this.#now = now
  }

  static async open(now: () => Date): Promise<Store> {
    return new Store(await mkdtemp(join(tmpdir(), 's3-double-')), now)
  }

  newFile(): string {
    return join(this.#folder, randomUUID())
  }

  get(key: string): Stored | undefined {
    return this.#objects.get(key)
  }

  /** In ascending byte order. */
  keys(): string[] {
    return [...this.#objects.keys()].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
  }

  async put(key: string, landed: Landed, attributes: Attributes, etag = landed.md5): Promise<Stored> {
    const before = this.#objects.get(key)
    const stored = { ...attributes, file: landed.file, size: landed.size, etag, modified: this.#now() }
    this.#objects.set(key, stored)
    if (before) await rm(before.file, { force: true }) // who reads it has it open
    return stored
  }

  async delete(key: string): Promise<void> {
    const stored = this.#objects.get(key)
    this.#objects.delete(key)
    if (stored) await rm(stored.file, { force: true })
  }

  start(key: string, attributes: Attributes): string {
    const uploadId = randomUUID()
    this.uploads.set(uploadId, { ...attributes, key, parts: new Map() })
    return uploadId
  }

  upload(key: string, uploadId: string): Upload {
    const upload = this.uploads.get(uploadId)
    if (upload?.key !== key) throw noSuchUpload()
    return upload
  }

  async complete(upload: Upload, uploadId: string, named: readonly { readonly number: number; readonly etag: string }[]): Promise<Stored> {
    const parts = named.map(({ number, etag }, index) => partOf(upload, { number, etag, before: named[index - 1]?.number ?? 0, isLast: index === named.length - 1 }))
    const file = this.newFile()
    const output = await open(file, 'wx')
    for (const part of parts) for await (const chunk of createReadStream(part.file)) await output.writeFile(chunk as Buffer)
    await output.close()
    const md5 = createHash('md5').update(Buffer.concat(parts.map((part) => Buffer.from(part.md5, 'hex')))).digest('hex')
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    const stored = await this.put(upload.key, { file, size, md5 }, upload, `${md5}-${parts.length}`)
    await this.abort(uploadId)
    return stored
  }

  async abort(uploadId: string): Promise<void> {
    const upload = this.uploads.get(uploadId)
    this.uploads.delete(uploadId)
    for (const part of upload?.parts.values() ?? []) await rm(part.file, { force: true })
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function partOf(upload: Upload, { number, etag, before, isLast }: { readonly number: number; readonly etag: string; readonly before: number; readonly isLast: boolean }): Landed {
  if (number <= before) throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.')
  const part = upload.parts.get(number)
  if (part?.md5 !== etag) throw new S3Error(400, 'InvalidPart', 'One or more of the specified parts could not be found.')
  if (!isLast && part.size < minPartBytes) throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size')
  return part
}
