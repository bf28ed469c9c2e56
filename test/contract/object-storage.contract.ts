import { afterAll, beforeAll, describe } from 'vitest'
import { checkKeys } from './object-storage/keys.ts'
import { checkGetLinks, checkPutLinks, type LinksUnderTest } from './object-storage/links.ts'
import { checkMultipart } from './object-storage/multipart.ts'
import { checkReading } from './object-storage/reading.ts'
import { checkResumable, type ResumableUnderTest } from './object-storage/resumable.ts'
import { type Checks, checkLacks, clear, type Lacks, newChecks, type StoreUnderTest, suiteOf } from './object-storage/suite.ts'
import { checkWriting } from './object-storage/writing.ts'

/** What every object store does, whatever lies behind it. Leaves the store as it was. */
export function objectStorageContract(name: string, makeStore: () => Promise<ResumableUnderTest>, lacks: Lacks = {}): void {
  describe(`object storage: ${name}`, () => {
    const checks = newChecks(lacks)
    const suite = suiteOf(checks, madeOnce(checks, makeStore))
    checkReading(suite)
    checkWriting(suite)
    checkMultipart(suite)
    checkResumable(suite)
    checkKeys(suite)
    checkLacks(checks)
  })
}

/** What signed links do; `follow` reaches the server that serves them. */
export function signedLinksContract(name: string, make: () => Promise<LinksUnderTest>, lacks: Lacks = {}): void {
  describe(`signed links: ${name}`, () => {
    const checks = newChecks(lacks)
    const suite = suiteOf(checks, madeOnce(checks, make))
    checkGetLinks(suite)
    checkPutLinks(suite)
    checkLacks(checks)
  })
}

function madeOnce<Subject extends StoreUnderTest>({ prefix }: Checks, make: () => Promise<Subject>): () => Subject {
  let made: Subject | undefined
  beforeAll(async () => {
    made = await make()
  }, 30_000)
  afterAll(async () => {
    if (made) await clear(made.store, prefix)
    await made?.close()
  }, 60_000)
  return () => made ?? failBeforeStart()
}

const failBeforeStart = (): never => {
  throw new Error('The store is made before the first check')
}
