import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { diskFault, isAbsent } from './local-disk.errors.ts'
import { expectRoot, type Folder } from './local-disk.folder.ts'

export interface Listed {
  readonly key: string
  readonly size: number
  readonly modified: Date
}

/** Which keys: those that begin with `prefix` and come after `after`. */
interface Wanted {
  readonly prefix: string
  readonly after: string
}

interface Entry {
  readonly key: Buffer
  readonly name: string
  readonly isFolder: boolean
}

/** Of the store itself, and what a file system keeps at its root. */
const isForeign = (name: string) => name.startsWith('.') || name === 'lost+found'

/** In ascending byte order; holds the names of the folders on the way to the current key, not of the store. */
export async function* listFolder(folder: Folder, { prefix, after, limit }: Wanted & { readonly limit: number }): AsyncIterable<Listed> {
  const top = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  let left = limit
  if (left <= 0 || !isInside(top)) return
  for await (const found of walk(folder, top, { prefix, after })) {
    yield found
    left -= 1
    if (left === 0) return
  }
}

/** A prefix is taken as text: `a/../../` names no folder of the store. */
const isInside = (top: string) => top.split('/').slice(0, -1).every((segment) => !['', '.', '..'].includes(segment) && !segment.includes('\0'))

async function* walk(folder: Folder, base: string, wanted: Wanted): AsyncIterable<Listed> {
  for (const { name, isFolder } of await entriesOf(folder, base, wanted)) {
    if (isFolder) yield* walk(folder, `${base}${name}/`, wanted)
    else {
      const found = await describe(folder, base + name)
      if (found) yield found
    }
  }
}

/** A folder sorts as `name/`, since its keys go on so: `a-b` < `a/b` < `a0`. Symlinks are neither files nor folders here. */
async function entriesOf(folder: Folder, base: string, wanted: Wanted): Promise<Entry[]> {
  const after = Buffer.from(wanted.after)
  return (await namesIn(folder, base))
    .filter((entry) => (entry.isFile() || entry.isDirectory()) && !(base === '' && isForeign(entry.name)))
    .map((entry) => ({ key: Buffer.from(`${base}${entry.name}${entry.isDirectory() ? '/' : ''}`), name: entry.name, isFolder: entry.isDirectory() }))
    .filter(({ key, isFolder }) => mayHoldPrefix(key.toString(), isFolder, wanted.prefix) && mayComeAfter(key, isFolder, after))
    .sort((one, other) => Buffer.compare(one.key, other.key))
}

const mayHoldPrefix = (key: string, isFolder: boolean, prefix: string) => key.startsWith(prefix) || (isFolder && prefix.startsWith(key))

const mayComeAfter = (key: Buffer, isFolder: boolean, after: Buffer) =>
  Buffer.compare(key, after) > 0 || (isFolder && after.subarray(0, key.length).equals(key))

async function namesIn(folder: Folder, base: string): Promise<Dirent[]> {
  const path = join(folder.root, base)
  try {
    const isReached = base === '' || `${await realpath(path)}/` === `${folder.root}/${base}`
    return isReached ? await readdir(path, { withFileTypes: true }) : []
  } catch (error) {
    if (!isAbsent(error)) throw diskFault(error)
    await expectRoot(folder)
    return []
  }
}

async function describe(folder: Folder, key: string): Promise<Listed | undefined> {
  try {
    const stats = await lstat(join(folder.root, key))
    return stats.isFile() ? { key, size: stats.size, modified: stats.mtime } : undefined
  } catch (error) {
    if (isAbsent(error)) return undefined // deleted since the folder was read
    throw diskFault(error)
  }
}
