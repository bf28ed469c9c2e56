import type { Readable } from 'node:stream'

/** Inclusive byte positions, as in an HTTP Range header; `end` absent reads to the last byte. */
export interface ByteRange {
  readonly start: number
  readonly end?: number
}

export interface ObjectHead {
  readonly size: number
  /** Opaque, unquoted; changes whenever the bytes do. */
  readonly etag: string
  readonly modified: Date
}

export interface OpenedObject extends ObjectHead {
  readonly body: Readable
  /** What `body` carries of the whole; `size` stays that of the whole. */
  readonly range: { readonly start: number; readonly end: number }
}

export interface OpenOptions {
  readonly range?: ByteRange
  /** The object must still have this etag, else `precondition_failed`. */
  readonly ifMatch?: string
  readonly signal?: AbortSignal
}

export interface PutOptions {
  readonly contentType: string
  /** How many bytes will come, where that is known: a store chooses its parts by it. */
  readonly size?: number
  readonly signal?: AbortSignal
}

export interface GetLink {
  /** A whole Content-Disposition value, which the answer carries. */
  readonly disposition: string
  readonly contentType: string
  readonly expires: Date
}

export interface PutLink {
  readonly contentType: string
  readonly size: number
  readonly expires: Date
}

export interface StoredPart {
  readonly number: number
  readonly size: number
  readonly etag: string
}

/** Parts are numbered from 1; all but the last must have at least 5 MiB, as in S3. */
export interface Multipart {
  /** Answers the id of the upload, which the others take. */
  start(key: string, options: { readonly contentType: string }): Promise<string>
  put(key: string, uploadId: string, part: { readonly number: number; readonly body: Buffer; readonly signal?: AbortSignal }): Promise<StoredPart>
  /** The parts that have arrived, ascending. */
  list(key: string, uploadId: string): Promise<readonly StoredPart[]>
  /** The object appears whole, or not at all. Completing with a part that never arrived throws `conflict`. */
  complete(key: string, uploadId: string, parts: readonly StoredPart[]): Promise<ObjectHead>
  /** Idempotent. */
  abort(key: string, uploadId: string): Promise<void>
}

export interface Append {
  /** Where the bytes go: all before it are safe already. */
  readonly offset: number
  /** Of the whole, as told at the start; the body never has more than is missing. */
  readonly size: number
  readonly body: Readable
  /** All or nothing: where the body fails, none of its bytes count, and the body's error is thrown. Else what came before the fault stays. */
  readonly isAtomic: boolean
  /** Told now and then up to where all bytes are safe, whatever becomes of this process. Never with `isAtomic`. */
  readonly onSafe?: (offset: number) => void
  readonly signal?: AbortSignal
}

/** `<key>.tail-<offset>` beside an upload under way: bytes that wait for more, where a store takes no small pieces. It is no object, and goes with its upload. */
export const tailPattern = /\.tail-\d+$/

/**
 * Objects whose bytes come in turn, over hours, by several processes one after the other: whoever calls sees to it that no two append at once, and that
 * a key has one upload at a time. Nothing is at `key` before it is complete. A process that was stopped may append yet when others have gone on: that changes
 * nothing they have made safe, and may throw `locked`.
 */
export interface Resumable {
  /** Answers the store's name for it, which the others take. */
  start(key: string, options: { readonly contentType: string; readonly size: number }): Promise<string>
  /**
   * Answers the offset up to which bytes are safe when it returns; less than was hoped for where the body ended, failed or was aborted early.
   * Stops reading where it ends early, and leaves the body to the caller to end: it may be a request that is yet to be answered.
   * The offset it began with stays good until an append begins at a later one, so that an answer that was lost costs nothing. `conflict` for one never reached.
   */
  append(key: string, uploadId: string, append: Append): Promise<number>
  /** The object appears whole. Where it is there already with this size, and the upload over, it succeeds again. `conflict` where bytes are missing. */
  complete(key: string, uploadId: string, options: { readonly contentType: string; readonly size: number }): Promise<ObjectHead>
  /** Idempotent; an object that was completed stays. */
  abort(key: string, uploadId: string): Promise<void>
}

/**
 * Where bytes live. Every adapter passes `test/contract/object-storage.contract.ts`.
 *
 * Keys are made of ids by us (`drives/{drive}/assets/{asset}/…`), never of what a user typed. Errors are AppErrors:
 * `range_not_satisfiable`, `precondition_failed`, `malformed` for a key that is none, `not_found` for copying what is not there and for an upload that is over,
 * and `unavailable` or `gateway_timeout` naming the object store for everything that is its fault. What is aborted rejects with the signal's reason.
 */
export interface ObjectStorage {
  /** `undefined` when there is no such object. Aborting the signal, or destroying the body, ends the transfer. */
  open(key: string, options?: OpenOptions): Promise<OpenedObject | undefined>
  head(key: string, signal?: AbortSignal): Promise<ObjectHead | undefined>
  /** The object appears whole, or (abort, error, kill) not at all; an older one stays until then. Ends the body, which throws its own errors as they are. */
  put(key: string, body: Readable | Buffer, options: PutOptions): Promise<ObjectHead>
  readonly multipart: Multipart
  readonly resumable: Resumable
  copy(from: string, to: string, options: { readonly contentType: string }): Promise<ObjectHead>
  /** Keys in ascending byte order, from the first after `after`. */
  list(prefix: string, page?: { readonly after?: string; readonly limit?: number }): AsyncIterable<{ readonly key: string; readonly size: number; readonly modified: Date }>
  /** Deleting what is not there succeeds. */
  delete(keys: readonly string[]): Promise<void>
  /** A link that works without credentials until it expires, for GET alone; it supports Range and If-None-Match. */
  signGet(key: string, link: GetLink): Promise<string>
  /** A link that takes one PUT of exactly this type and size; the headers must be sent with it. */
  signPut(key: string, link: PutLink): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }>
  /** The object's own file where the store is a disk of this machine: media tools then read it in place. Never written to; need not exist. */
  localPath(key: string): string | undefined
  /** Removes what writes that were cut off left behind, a day old; on S3 a lifecycle rule of the bucket does that. Answers how many. */
  sweep(): Promise<number>
  /** Rejects with `unavailable` when the store cannot be reached or refuses us. */
  check(signal: AbortSignal): Promise<void>
}
