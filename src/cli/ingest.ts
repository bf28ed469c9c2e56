import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { DriveScope } from '../access/scope.ts'
import { AppError } from '../errors.ts'
import type { OnConflict } from '../features/ingest/ingest.service.ts'
import type { Installation } from '../installation.ts'
import { type Found, findFiles } from './find-files.ts'
import { findObjects } from './find-objects.ts'
import { ingestDisplay } from './ingest-display.ts'
import { folderInDrive, ingestFiles, linking, type Run, sending } from './ingest-files.ts'
import { driveNamed, withInstallation } from './with-installation.ts'

interface Options {
  readonly drive: string
  readonly into: string
  readonly onConflict: OnConflict
  readonly link?: boolean
  readonly watch?: boolean
  readonly wait?: boolean
  readonly json?: boolean
}

export function addIngestCommand(program: Command) {
  program
    .command('ingest')
    .description('make assets of files and folders of this machine, or (--link) of objects in the bucket; what is there already is skipped, so a broken-off run is simply repeated')
    .argument('<path...>', 'files, or folders with all that is in them; `folder/` with the slash takes its content without its name')
    .requiredOption('--drive <drive>', 'id or name of the drive')
    .option('--into <folder>', 'folder in the drive', '/')
    .option('--on-conflict <what>', 'where another file has the path: version, rename or skip', 'version')
    .option('--link', 'the paths are keys of objects that are in the bucket already, and stay where and whose they are; `KEY/` is all that lies below it')
    .option('--watch', 'then go on with what is added or changed, until Ctrl-C')
    .option('--wait', 'until previews and proxies of these files are made too; works on them itself where no worker runs')
    .action(async (paths: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      refuseWhatDoesNotFit(options)
      if ((await ingest(options.link ? paths : paths.map(absolutePath), options)) > 0) process.exitCode = 1
    })
}

function refuseWhatDoesNotFit({ onConflict, link, watch, wait }: Options) {
  if (!['version', 'rename', 'skip'].includes(onConflict)) throw new AppError('malformed', `--on-conflict is version, rename or skip, not ${onConflict}`)
  if (watch && link) throw new AppError('malformed', '--watch looks at files of this machine, not at objects: leave out --link or --watch')
  if (watch && wait) throw new AppError('malformed', '--watch never comes to an end that --wait could wait for: leave out one of them')
}

/** npm starts scripts in the package’s root and says in INIT_CWD where it was called. A slash at the end stays: it means the folder’s content. */
const absolutePath = (path: string) => `${resolve(process.env['INIT_CWD'] ?? process.cwd(), path)}${/[/\\]$/.test(path) ? '/' : ''}`

/** Answers how many files and jobs failed, or were broken off. */
async function ingest(paths: readonly string[], options: Options): Promise<number> {
  const files = options.link ? undefined : await findFiles(paths)
  return withInstallation(async (installation) => {
    const scope = await driveNamed(installation, options.drive)
    const directory = folderInDrive(options.into, scope.driveId)
    const found = files ?? (await findObjects(installation.storage, paths))
    const display = ingestDisplay(found.files, { json: options.json ?? !process.stdout.isTTY })
    if (found.files.length === 0 && found.failed.length === 0) display.warn('Nothing was found there')
    const stopped = stopOnSignals(options.watch ? ['SIGINT', 'SIGTERM'] : ['SIGINT'])
    const order = { onConflict: options.onConflict, signal: stopped.signal }
    const run: Run = { found, ingest: options.link ? linking(installation, scope, order) : sending(installation, scope, order), directory, display, signal: stopped.signal }
    try {
      return options.watch ? await watch(scope, run, paths) : await once(installation, scope, { ...run, isWaiting: options.wait ?? false })
    } finally {
      stopped.release()
    }
  })
}

async function once(installation: Installation, scope: DriveScope<'edit'>, { isWaiting, ...run }: Run & { readonly isWaiting: boolean }): Promise<number> {
  const { display, signal } = run
  const { assetIds } = await ingestFiles(scope, run)
  const mustWait = isWaiting && assetIds.length > 0 && !signal.aborted
  const failedJobs = mustWait ? await (await import('./wait-for-jobs.ts')).waitForJobs(installation, { driveId: scope.driveId, assetIds, display, signal }) : []
  return display.end(failedJobs) + (signal.aborted ? 1 : 0)
}

/** Ends when it is told to, and that is no failure. */
async function watch(scope: DriveScope<'edit'>, run: Run, paths: readonly string[]): Promise<number> {
  const { display, found, signal } = run
  const { watchFiles } = await import('./watch-files.ts')
  const { unsent } = await ingestFiles(scope, run)
  display.follow()
  const take = async (files: Found['files']) => (await ingestFiles(scope, { ...run, found: { files, failed: [], passedOver: [] } })).unsent
  await watchFiles({ found, unsent }, { scan: () => findFiles(paths), take: (files) => take([...files]), warn: display.warn, signal })
  display.end([])
  return 0
}

/** The first signal ends the run in order; a second one is the system’s. */
function stopOnSignals(signals: readonly NodeJS.Signals[]) {
  const stopped = new AbortController()
  const stop = () => stopped.abort(new AppError('conflict', 'Stopped; run the same command again to go on'))
  for (const signal of signals) process.once(signal, stop)
  return { signal: stopped.signal, release: () => signals.forEach((signal) => process.off(signal, stop)) }
}
