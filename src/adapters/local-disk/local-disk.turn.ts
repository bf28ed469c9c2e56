import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir, rename, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../errors.ts'
import { bytesMissing, noUpload } from '../object-faults.ts'
import { asked, diskFault, isAbsent } from './local-disk.errors.ts'
import { syncFolder } from './local-disk.folder.ts'

// No lease hinders a process that was stopped from writing into a file it has open when it wakes, long after others went on. So:
// - The bytes lie in the folder `turn-<random>` of the upload. Who takes the turn renames it, which only one can; no path of an earlier holder leads anywhere then.
// - A file is marked `<start>.open` while somebody writes into it. Where the mark was left (a kill, a holder who lost his turn), nobody writes on it, nor makes it
//   an object: its bytes before the new offset are safe, as its writer is past them, and what follows goes into a file of its own.
// - So in the end there is mostly one file, which is renamed. Only after a kill are there several, which are copied into one.
// A file is named by the position in the whole that it starts at, and counts up to where the next one starts.

const turnPattern = /^turn-/
const segmentPattern = /^\d+$/
const markOf = (path: string) => `${path}.open`

export interface Segment {
  readonly path: string
  readonly start: number
  /** Somebody may write into it yet. */
  readonly isOpen: boolean
}

/** Whoever had the turn changes nothing any more that counts. */
const overtaken = () => new AppError('locked', 'Another request has taken this upload over', { retryAfterSeconds: 2 })

export const newTurn = (upload: string) => join(upload, `turn-${randomUUID()}`)
export const startSegment = (turn: string) => asked(writeFile(join(turn, '0'), '', { flag: 'wx', mode: 0o600 }))

/** Answers the folder, which gives the upload's a new time, too: the sweep looks at that. Throws `not_found` for an upload that is over. */
export async function takeTurn(upload: string): Promise<string> {
  const from = (await ifThere(readdir(upload), noUpload)).find((name) => turnPattern.test(name))
  if (from === undefined) throw noUpload()
  const turn = newTurn(upload)
  await ifThere(rename(join(upload, from), turn), overtaken)
  return turn
}

/** Ascending. Throws `not_found` where the file has gone to its place. */
export async function segmentsIn(turn: string): Promise<readonly [Segment, ...Segment[]]> {
  const names = await ifThere(readdir(turn), overtaken)
  const starts = names.filter((name) => segmentPattern.test(name)).map(Number)
  const [first, ...others] = starts
    .sort((one, other) => one - other)
    .map((start): Segment => ({ path: join(turn, String(start)), start, isOpen: names.includes(markOf(String(start))) }))
  if (first?.start !== 0) throw noUpload()
  return [first, ...others]
}

export const endOf = async ({ path, start }: Segment): Promise<number> => start + (await ifThere(stat(path), overtaken)).size

/** A file that ends at the offset, to be written on. */
export async function openAt(turn: string, offset: number): Promise<Segment> {
  const segments = await segmentsIn(turn)
  const last = segments.findLast(({ start }) => start <= offset) ?? segments[0]
  if ((await endOf(last)) < offset) throw bytesMissing()
  const isNew = last.isOpen
  const segment = isNew ? { path: join(turn, String(offset)), start: offset, isOpen: true } : { ...last, isOpen: true }
  const superseded = segments.filter(({ start }) => start > offset)
  for (const { path } of superseded) await ifThere(unlink(path), overtaken)
  for (const { path } of superseded) await unlink(markOf(path)).catch(() => undefined) // no file stands without its mark
  await ifThere(writeFile(markOf(segment.path), '', { mode: 0o600 }), overtaken)
  if (isNew) await ifThere(putEmpty(turn, segment.path), overtaken)
  else await ifThere(truncate(segment.path, offset - segment.start), overtaken) // of an append whose end nobody has noted
  if (isNew || superseded.length > 0) await ifThere(syncFolder(turn), overtaken)
  return segment
}

/** In place of one that has no byte before its start, where there is such a one. */
async function putEmpty(turn: string, path: string): Promise<void> {
  const empty = join(turn, 'new')
  await writeFile(empty, '', { mode: 0o600 })
  await rename(empty, path)
}

/** Its writer has ended, and closed it. Throws `locked` where another has the turn by now. */
export const letGo = ({ path }: Segment): Promise<void> => ifThere(unlink(markOf(path)), overtaken)

export const openSegment = ({ path }: Segment, flags: number): Promise<FileHandle> => ifThere(open(path, flags), overtaken)

async function ifThere<T>(answer: Promise<T>, absent: () => AppError): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw isAbsent(error) ? absent() : diskFault(error)
  }
}
