import { copyFile, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A folder for one call. Its name begins with our process id, by which the next server to start knows what a killed one left. */
export async function makeWorkFolder(tempDir: string, purpose: string): Promise<string> {
  const root = join(tempDir, 'jobs')
  await mkdir(root, { recursive: true, mode: 0o700 })
  return mkdtemp(join(root, `${process.pid}-${purpose}-`))
}

/** A tool that failed may have left an empty one. */
export const isWritten = (path: string) =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  )

/** Puts a finished file in its place, whole or not at all, also from another file system; answers the place. */
export async function moveInto(made: string, target: string): Promise<string> {
  await mkdir(dirname(target), { recursive: true })
  try {
    await rename(made, target)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error
    const part = `${target}.part`
    try {
      await copyFile(made, part)
      await rename(part, target)
    } catch (cause) {
      await rm(part, { force: true })
      throw cause
    }
  }
  return target
}
