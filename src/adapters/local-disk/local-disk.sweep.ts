import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { diskFault, isAbsent } from './local-disk.errors.ts'
import { type Folder, removeTree } from './local-disk.folder.ts'

const dayMs = 86_400_000
/** An upload that is still wanted has got a part within this time; those that are given up in order are aborted long before. */
const uploadRestMs = 7 * dayMs

/** Removes what writers left when they were killed; answers how many files and uploads that were. */
export async function sweepFolder({ temp, multipart }: Folder): Promise<number> {
  const now = Date.now()
  const left = [...(await untouchedSince(temp, now - dayMs)), ...(await untouchedSince(multipart, now - uploadRestMs))]
  for (const path of left) await removeTree(path)
  return left.length
}

/** A file that is being written has a new time at every write, and an upload's folder at every part. */
async function untouchedSince(path: string, limitMs: number): Promise<string[]> {
  const left: string[] = []
  for (const { name } of await entriesIn(path)) {
    const stats = await lstat(join(path, name)).catch((error: unknown) => (isAbsent(error) ? undefined : Promise.reject(error)))
    if (stats && stats.mtimeMs < limitMs) left.push(join(path, name))
  }
  return left
}

async function entriesIn(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return []
    throw diskFault(error)
  }
}
