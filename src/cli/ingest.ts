import { resolve } from 'node:path'
import type { Command } from 'commander'
import { AppError } from '../errors.ts'
import type { OnConflict } from '../features/ingest/ingest.service.ts'
import { findFiles } from './find-files.ts'
import { ingestDisplay } from './ingest-display.ts'
import { folderInDrive, ingestFiles } from './ingest-files.ts'
import { driveNamed, withInstallation } from './with-installation.ts'

interface Options {
  readonly drive: string
  readonly into: string
  readonly onConflict: OnConflict
  readonly wait?: boolean
  readonly json?: boolean
}

export function addIngestCommand(program: Command) {
  program
    .command('ingest')
    .description('make assets of files and folders of this machine; what is there already is skipped, so a broken-off run is simply repeated')
    .argument('<path...>', 'files, or folders with all that is in them; `folder/` with the slash takes its content without its name')
    .requiredOption('--drive <drive>', 'id or name of the drive')
    .option('--into <folder>', 'folder in the drive', '/')
    .option('--on-conflict <what>', 'where another file has the path: version, rename or skip', 'version')
    .option('--wait', 'until previews and proxies of these files are made too; works on them itself where no worker runs')
    .action(async (paths: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      if (!['version', 'rename', 'skip'].includes(options.onConflict)) throw new AppError('malformed', `--on-conflict is version, rename or skip, not ${options.onConflict}`)
      if ((await ingest(paths.map(absolutePath), options)) > 0) process.exitCode = 1
    })
}

/** npm starts scripts in the package’s root and says in INIT_CWD where it was called. A slash at the end stays: it means the folder’s content. */
const absolutePath = (path: string) => `${resolve(process.env['INIT_CWD'] ?? process.cwd(), path)}${/[/\\]$/.test(path) ? '/' : ''}`

/** Answers how many files and jobs failed, or were broken off. */
async function ingest(paths: readonly string[], { drive, into, onConflict, wait = false, json = !process.stdout.isTTY }: Options): Promise<number> {
  const found = await findFiles(paths)
  return withInstallation(async (installation) => {
    const scope = await driveNamed(installation, drive)
    const directory = folderInDrive(into, scope.driveId)
    const display = ingestDisplay(found.files, { json })
    if (found.files.length === 0 && found.failed.length === 0) display.warn('Nothing was found there')
    const { driveId } = scope
    const stopped = stopOnInterrupt()
    const assetIds = await ingestFiles(installation, scope, { found, directory, onConflict, display, signal: stopped.signal })
    const isWaiting = wait && assetIds.length > 0 && !stopped.signal.aborted
    const failedJobs = isWaiting ? await (await import('./wait-for-jobs.ts')).waitForJobs(installation, { driveId, assetIds, display, signal: stopped.signal }) : []
    stopped.release()
    return display.end(failedJobs) + (stopped.signal.aborted ? 1 : 0)
  })
}

/** The first Ctrl-C ends the run in order; a second one is the system’s. */
function stopOnInterrupt() {
  const stopped = new AbortController()
  const stop = () => stopped.abort(new AppError('conflict', 'Stopped; run the same command again to go on'))
  process.once('SIGINT', stop)
  return { signal: stopped.signal, release: () => void process.off('SIGINT', stop) }
}
