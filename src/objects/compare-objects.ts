import pLimit from 'p-limit'
import { type ObjectStorage, tailPattern } from '../ports/object-storage.ts'
import type { ListedRow, ObjectListRepository } from './object-list.repository.ts'

const ours = 'drives/'
const rowsAtOnce = 1000
const judgedAtOnce = 200
const headsAtOnce = 16
const shownAtMost = 20

export interface StoredObject {
  readonly key: string
  readonly size: number
  readonly modified: Date
}
export interface MissingObject {
  readonly row: ListedRow
  /** Null: nothing is there. */
  readonly foundBytes: number | null
}

/** How many, and the first of them. */
interface Found<T> {
  count: number
  readonly first: T[]
}

export interface Comparison {
  /** Rows whose bytes are there, as many as they say. */
  agreeing: number
  /** Of those, objects of somebody else's. */
  linked: number
  /** Rows that nothing refers to: the sweep takes them after a day. */
  waiting: number
  /** Objects of uploads under way. */
  uploading: number
  /** Objects below `incoming/` that nobody has registered: other people's. */
  incoming: number
  /** Objects without a row that are younger than the grace: theirs may be about to be written. */
  young: number
  readonly orphans: Found<StoredObject>
  readonly missing: Found<MissingObject>
}

interface Needs {
  readonly list: ObjectListRepository
  readonly storage: Pick<ObjectStorage, 'list' | 'head'>
  /** Objects without a row count as orphans when they were last written before then. */
  readonly before: Date
}

/**
 * Holds what lies in the store below `drives/` against the tables: both in the order of their keys, side by side, so that memory stays flat.
 * The server may be at work meanwhile: what does not agree is looked at again by itself before it counts. Linked objects lie anywhere, and are asked for one by one.
 */
export async function compareObjects(needs: Needs): Promise<Comparison> {
  const result: Comparison = { agreeing: 0, linked: 0, waiting: 0, uploading: 0, incoming: 0, young: 0, orphans: { count: 0, first: [] }, missing: { count: 0, first: [] } }
  const strange = inBatches<StoredObject>((batch) => judgeObjects(batch, needs, result))
  const doubtful = inBatches<ListedRow>((batch) => judgeRows(batch, needs, result))

  const stored = needs.storage.list(ours)[Symbol.asyncIterator]()
  const next = async () => ((await stored.next()) as IteratorResult<StoredObject, undefined>).value // `undefined` at the end, by the port's type
  let object = await next()
  let matched: string | undefined
  const passTo = async (key: string | undefined) => {
    for (; object && (key === undefined || isBefore(object.key, key)); object = await next()) if (object.key !== matched) await strange.add(object)
  }

  for await (const row of allRows(needs.list)) {
    if (row.key.startsWith(ours)) await passTo(row.key)
    const isThere = object?.key === row.key
    if (isThere) matched = row.key
    if (row.referenceCount === 0) result.waiting += 1
    else if (isThere && object?.size === row.sizeBytes) agrees(row, result)
    else await doubtful.add(row)
  }
  await passTo(undefined)
  await strange.end()
  await doubtful.end()
  return result
}

async function* allRows(list: ObjectListRepository): AsyncGenerator<ListedRow> {
  let last: ListedRow | undefined
  do {
    const rows = await list.page(last, rowsAtOnce)
    yield* rows
    last = rows.length === rowsAtOnce ? rows.at(-1) : undefined
  } while (last)
}

const isBefore = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0

/** Objects without a row, when their turn came: somebody's who is known, or nobody's. */
async function judgeObjects(batch: readonly StoredObject[], { list, storage, before }: Needs, result: Comparison) {
  const left = batch.filter(({ key }) => !/^drives\/[^/]+\/incoming\//.test(key))
  result.incoming += batch.length - left.length
  if (left.length === 0) return
  const known = await list.known(left.map((each) => each.key))
  const unknown = left.filter(({ key }) => !known.has(key))
  const places = unknown.flatMap(({ key }) => sourcePlace(key) ?? [])
  const awaited = new Set(places.length === 0 ? [] : (await list.awaited(places)).map(({ driveId, assetId }) => `${driveId} ${assetId}`))
  const old: StoredObject[] = []
  for (const object of unknown) {
    const place = sourcePlace(object.key)
    if (place && awaited.has(`${place.driveId} ${place.assetId}`)) result.uploading += 1
    else if (object.modified >= before) result.young += 1
    else old.push(object)
  }
  const heads = await headsOf(storage, old)
  for (const [index, object] of old.entries()) if (heads[index]) note(result.orphans, object) // else removed since it was listed, row and all
}

function headsOf(storage: Needs['storage'], items: readonly { readonly key: string }[]) {
  const limit = pLimit(headsAtOnce)
  return Promise.all(items.map(({ key }) => limit(() => storage.head(key))))
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const sourceKey = new RegExp(`^drives/(${uuid})/assets/(${uuid})/source$`)

/** Where an upload's object belongs, or what waits beside it. */
function sourcePlace(key: string) {
  const [, driveId, assetId] = sourceKey.exec(key.replace(tailPattern, '')) ?? []
  return driveId !== undefined && assetId !== undefined ? { driveId, assetId } : undefined
}

/** Rows whose bytes were not there, or were others: asked for by themselves, unless nothing refers to them any more. */
async function judgeRows(batch: readonly ListedRow[], { list, storage }: Needs, result: Comparison) {
  const rows = await list.referred(batch)
  const heads = await headsOf(storage, rows)
  for (const [index, row] of rows.entries()) {
    const foundBytes = heads[index]?.size ?? null
    if (foundBytes === row.sizeBytes) agrees(row, result)
    else note(result.missing, { row, foundBytes })
  }
}

function agrees(row: ListedRow, result: Comparison) {
  result.agreeing += 1
  if (!row.isOwned) result.linked += 1
}

function note<T>(found: Found<T>, item: T) {
  found.count += 1
  if (found.first.length < shownAtMost) found.first.push(item)
}

/** Some at a time, so that a question for each is one for all of them. */
function inBatches<T>(judge: (batch: readonly T[]) => Promise<void>) {
  let batch: T[] = []
  const end = async () => {
    const full = batch
    batch = []
    if (full.length > 0) await judge(full)
  }
  return {
    end,
    async add(item: T) {
      batch.push(item)
      if (batch.length >= judgedAtOnce) await end()
    },
  }
}
