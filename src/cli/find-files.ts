import { opendir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { AppError } from '../errors.ts'

export interface FoundFile {
  readonly file: string
  /** With slashes, below the folder in the drive. */
  readonly relative: string
  readonly size: number
}

/** Files below these paths, in the order of their names. Hidden ones (`.DS_Store`, `._film.mov`), sockets and the like are passed over; links to folders are not followed. */
export async function findFiles(paths: readonly string[]): Promise<FoundFile[]> {
  const found: FoundFile[] = []
  for (const path of paths) {
    const facts = await stat(path).catch(() => undefined)
    if (!facts) throw new AppError('not_found', `${path}: there is no such file or folder`)
    if (facts.isFile()) found.push({ file: resolve(path), relative: basename(resolve(path)), size: facts.size })
    else if (facts.isDirectory()) found.push(...(await below(resolve(path), /[/\\]$/.test(path) ? '' : `${basename(resolve(path))}/`)))
  }
  return found
}

async function below(folder: string, prefix: string): Promise<FoundFile[]> {
  const entries = []
  for await (const entry of await opendir(folder)) if (!entry.name.startsWith('.')) entries.push(entry)
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  const found: FoundFile[] = []
  for (const entry of entries) {
    const file = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await below(file, `${prefix}${entry.name}/`)))
    else if (entry.isFile() || entry.isSymbolicLink()) {
      const facts = await stat(file).catch(() => undefined)
      if (facts?.isFile()) found.push({ file, relative: `${prefix}${entry.name}`, size: facts.size })
    }
  }
  return found
}
