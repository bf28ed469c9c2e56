import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface JobFolders {
  /** A folder for one try of one job; it goes with it, whatever happens. */
  use<T>(work: (folder: string) => Promise<T>): Promise<T>
  /** Removes what processes that were killed left behind. To be called before the first `use`. */
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
      const dead = (await namesIn(root)).filter((name) => !isAnothers(Number(name.split('-')[0]))).map((name) => join(root, name))
      const formerly = (await namesIn(tempDir)).filter((name) => /^(?:render|poster)-\w{6}$/.test(name)).map((name) => join(tempDir, name))
      const touched = await Promise.all(formerly.map(lastTouched))
      const old = formerly.filter((_, at) => (touched[at] ?? 0) < Date.now() - DAY_MS)
      await Promise.all([...dead, ...old].map((path) => rm(path, { recursive: true, force: true })))
    },
  }
}

const DAY_MS = 86_400_000

const namesIn = (folder: string) => readdir(folder).catch(() => [])

/** Earlier versions named their folders after nobody; one of a living process is written to all the time. */
async function lastTouched(folder: string): Promise<number> {
  const paths = [folder, ...(await namesIn(folder)).map((name) => join(folder, name))]
  return Math.max(...(await Promise.all(paths.map((path) => lstat(path).then(({ mtimeMs }) => mtimeMs, () => 0)))))
}

/** Of another process that lives. We have just started: what bears our number is of one before us, which in a container had the same. */
const isAnothers = (pid: number) => pid !== process.pid && isRunning(pid)

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' // somebody else's, but alive
  }
}
