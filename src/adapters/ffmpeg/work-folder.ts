import { copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

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
