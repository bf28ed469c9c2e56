import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../errors.ts'
import { MediaError } from '../../ports/media-engine.ts'

export interface JobFolders {
  /** A folder for one try of one job; it goes with it, whatever happens. */
  use<T>(work: (folder: string) => Promise<T>): Promise<T>
  /** Removes what processes that were killed left behind. */
  sweep(): Promise<void>
}

export function createJobFolders(tempDir: string): JobFolders {
  const root = join(tempDir, 'jobs')
  return {
    async use(work) {
      await mkdir(root, { recursive: true, mode: 0o700 })
      const folder = await mkdtemp(join(root, `${process.pid}-`))
      try {
        return await work(folder)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    async sweep() {
      const names = await readdir(root).catch(() => [])
      const dead = names.filter((name) => !isRunning(Number(name.split('-')[0])))
      await Promise.all(dead.map((name) => rm(join(root, name), { recursive: true, force: true })))
    },
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' // somebody else's, but alive
  }
}

/** Why a job failed, in words for the asset's owner. Only errors that were made to be shown are shown. */
export function reasonFor(error: unknown): string {
  if (error instanceof MediaError || error instanceof AppError) return error.message
  if (error instanceof Error && error.name === 'TimeoutError') return 'It took longer than its time limit'
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return 'The disk for temporary files is full'
  return 'Something went wrong on the server; it will be in its log'
}
