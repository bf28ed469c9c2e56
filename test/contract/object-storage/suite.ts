import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { AppError, type ErrorCode } from '../../../src/errors.ts'
import type { ObjectStorage, OpenOptions } from '../../../src/ports/object-storage.ts'

export interface StoreUnderTest {
  readonly store: ObjectStorage
  close(): Promise<void>
}

/** Titles of checks that a store cannot pass for want of a feature, each with the reason; they are shown as skipped. */
export type Lacks = Readonly<Record<string, string>>

/** What a group of checks works with. */
export interface Suite<Subject extends { readonly store: ObjectStorage } = StoreUnderTest> {
  readonly subject: () => Subject
  readonly store: () => ObjectStorage
  /** A key that no other check uses; below it may be more. */
  readonly newKey: (name?: string) => string
  readonly check: (title: string, body: () => Promise<void>, timeoutMs?: number) => void
}

export interface Checks {
  readonly titles: Set<string>
  readonly prefix: string
  readonly lacks: Lacks
}

export const newChecks = (lacks: Lacks): Checks => ({ titles: new Set(), prefix: `contract/${randomUUID()}`, lacks })

export function suiteOf<Subject extends { readonly store: ObjectStorage }>({ titles, prefix, lacks }: Checks, subject: () => Subject): Suite<Subject> {
  return {
    subject,
    store: () => subject().store,
    newKey: (name = 'object') => `${prefix}/${randomUUID()}/${name}`,
    check(title, body, timeoutMs = 30_000) {
      titles.add(title)
      test(title, { timeout: timeoutMs }, async ({ skip }) => {
        const reason = lacks[title]
        if (reason !== undefined) skip(reason)
        await body()
      })
    },
  }
}

/** A lack that names no check would hide nothing, and outlive its reason unnoticed. */
export function checkLacks({ titles, lacks }: Checks): void {
  test('every declared lack names a check of this suite', () => expect(Object.keys(lacks).filter((title) => !titles.has(title))).toEqual([]))
}

export async function clear(store: ObjectStorage, prefix: string): Promise<void> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  await store.delete(keys)
}

export const contentType = 'application/octet-stream'
export const mebibyte = 1024 * 1024

export const put = (store: ObjectStorage, key: string, text: string) => store.put(key, Buffer.from(text), { contentType })

/** All bytes of an object that must be there. */
export async function read(store: ObjectStorage, key: string, options: OpenOptions = {}): Promise<Buffer> {
  const opened = await store.open(key, options)
  if (!opened) throw new Error('There is no such object')
  return await buffer(opened.body)
}

export const readText = async (store: ObjectStorage, key: string, options: OpenOptions = {}) => (await read(store, key, options)).toString()

export async function keysOf(store: ObjectStorage, prefix: string, page: { readonly after?: string; readonly limit?: number } = {}): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix, page)) keys.push(key)
  return keys
}

/** The code of the AppError that it ends in; its message must name the object store where that is at fault, and no path or host. */
export async function faultOf(work: Promise<unknown>): Promise<ErrorCode | 'none'> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return error.code
  }
}

export const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))
