import { addAbortSignal, Readable } from 'node:stream'
import { unavailable } from '../../errors.ts'
import type { ByteRange, ObjectHead, OpenedObject, OpenOptions } from '../../ports/object-storage.ts'
import { assertPlausibleRange, isNotFound } from '../object-faults.ts'
import { ObjectBody } from './s3.body.ts'
import type { S3Connection } from './s3.connection.ts'

interface Answer {
  readonly ContentLength?: number | undefined
  readonly ContentRange?: string | undefined
  readonly ETag?: string | undefined
  readonly LastModified?: Date | undefined
  readonly Body?: unknown
}

interface Asked {
  readonly key: string
  readonly range?: ByteRange | undefined
  readonly ifMatch?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export const bareEtag = (etag: string | undefined) => (etag ?? '').replace(/^W\//, '').replaceAll('"', '')
export const quoted = (etag: string) => `"${etag}"`

export async function headObject(s3: S3Connection, key: string, signal?: AbortSignal): Promise<ObjectHead | undefined> {
  const input = { Bucket: s3.bucket, Key: key }
  const answer = await orUndefined(s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.HeadObjectCommand(input), options), signal))
  return answer && { size: answer.ContentLength ?? 0, ...identityOf(answer) }
}

export async function openObject(s3: S3Connection, key: string, { range, ifMatch, signal }: OpenOptions): Promise<OpenedObject | undefined> {
  if (range) assertPlausibleRange(range)
  const answer = await orUndefined(get(s3, { key, range, ifMatch, signal }))
  if (!answer) return undefined
  const first = streamOf(answer)
  const identity = identityOf(answer)
  const { start, end, size } = positionsIn(answer)
  if (start !== (range?.start ?? 0)) {
    first.destroy()
    throw unavailable('The object store does not serve ranges')
  }
  const reopen = async (from: number, closing: AbortSignal) =>
    streamOf(await get(s3, { key, range: { start: from, end }, ifMatch: identity.etag, signal: closing }))
  const body = new ObjectBody({ first, range: { start, end }, reopen, idleTimeoutMs: s3.settings.idleTimeoutMs })
  return { size, ...identity, range: { start, end }, body: signal ? addAbortSignal(signal, body) : body }
}

function get(s3: S3Connection, { key, range, ifMatch, signal }: Asked): Promise<Answer> {
  const input = {
    Bucket: s3.bucket,
    Key: key,
    ...(range && { Range: `bytes=${range.start}-${range.end ?? ''}` }),
    ...(ifMatch !== undefined && { IfMatch: quoted(ifMatch) }),
  }
  return s3.call('read', ({ client, sdk, options }) => client.send(new sdk.GetObjectCommand(input), options), signal)
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function streamOf({ Body: body }: Answer): Readable {
  if (body instanceof Readable) return body
  throw unavailable('The object store sent no bytes')
}

const identityOf = ({ ETag, LastModified }: Answer) => ({ etag: bareEtag(ETag), modified: LastModified ?? new Date(0) })

/** A store that answers with the whole says no Content-Range. */
function positionsIn({ ContentRange, ContentLength = 0 }: Answer): { readonly start: number; readonly end: number; readonly size: number } {
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '') ?? []
  if (start === undefined) return { start: 0, end: ContentLength - 1, size: ContentLength }
  return { start: Number(start), end: Number(end), size: Number(size) }
}
