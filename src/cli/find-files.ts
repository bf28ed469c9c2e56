import { isUtf8 } from 'node:buffer'
import type { Dirent, Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { AppError } from '../errors.ts'
import { readFault } from '../features/ingest/local-file.ts'

export interface FoundFile {
  readonly file: string
  /** With slashes, below the folder in the drive. */
  readonly relative: string
  readonly size: number
  /** When it was last written. */
  readonly modifiedMs: number
}

export interface Found {
  readonly files: FoundFile[]
  /** What should have become an asset, and cannot. */
  readonly failed: { readonly file: string; readonly reason: string }[]
  /** What is no file: pipes, sockets, devices, links to folders. */
  readonly passedOver: { readonly file: string; readonly what: string }[]
}

/**
 * Files below these paths, in the order of their names, each once for each place that it goes to. Hidden ones (`.DS_Store`, `._film.mov`)
 * and what Windows leaves in folders are no files of anybody's; links to folders are not followed.
 */
export async function findFiles(paths: readonly string[]): Promise<Found> {
  const found: Found = { files: [], failed: [], passedOver: [] }
  for (const path of paths) {
    const facts = await stat(path).catch(() => undefined)
    if (!facts) throw new AppError('not_found', `${path}: there is no such file or folder`)
    const file = resolve(path)
    if (facts.isFile()) found.files.push({ file, relative: basename(file), size: facts.size, modifiedMs: facts.mtimeMs })
    else if (facts.isDirectory()) await addBelow(file, /[/\\]$/.test(path) ? '' : `${basename(file)}/`, found)
    else throw new AppError('malformed', `${path} is ${kindOf(facts)}, no file or folder`)
  }
  const byPlace = new Map(found.files.map((each) => [`${each.relative}\0${each.file}`, each]))
  return { ...found, files: [...byPlace.values()] }
}

async function addBelow(folder: string, prefix: string, found: Found): Promise<void> {
  const entries = await entriesOf(folder, found)
  for (const entry of entries) {
    const name = entry.name.toString()
    const file = join(folder, name)
    if (!isUtf8(entry.name)) found.failed.push({ file, reason: 'Its name is not written in UTF-8: rename it' })
    else if (entry.isDirectory()) await addBelow(file, `${prefix}${name}/`, found)
    else await addEntry(entry, { file, relative: `${prefix}${name}` }, found)
  }
}

/** As bytes: a name that is no UTF-8 would come as another, which leads nowhere. */
async function entriesOf(folder: string, found: Found): Promise<Dirent<Buffer>[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
    return entries.filter((each) => !isUnwanted(each.name.toString())).sort((a, b) => Buffer.compare(a.name, b.name))
  } catch (error) {
    found.failed.push({ file: folder, reason: reasonOf(error) })
    return []
  }
}

async function addEntry(entry: Dirent<Buffer>, { file, relative }: Pick<FoundFile, 'file' | 'relative'>, found: Found): Promise<void> {
  try {
    const facts = await stat(file)
    if (facts.isFile()) found.files.push({ file, relative, size: facts.size, modifiedMs: facts.mtimeMs })
    else found.passedOver.push({ file, what: facts.isDirectory() ? 'a link to a folder' : kindOf(facts) })
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    found.failed.push({ file, reason: entry.isSymbolicLink() && isMissing ? 'It is a link that leads nowhere' : reasonOf(error) })
  }
}

/** Nobody's file: what systems leave in folders. */
export const isUnwanted = (name: string) => name.startsWith('.') || /^(thumbs\.db|desktop\.ini)$/i.test(name)

function kindOf(facts: Stats): string {
  if (facts.isFIFO()) return 'a named pipe'
  if (facts.isSocket()) return 'a socket'
  return 'a device'
}

/** Why something could not be read, in plain words. */
export function reasonOf(error: unknown): string {
  const fault = readFault(error)
  if (fault instanceof AppError) return fault.faults[0]?.msg ?? fault.message
  return fault instanceof Error ? fault.message : String(fault)
}
