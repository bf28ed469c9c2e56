import { resolve } from 'node:path'
import type { Command } from 'commander'
import pLimit from 'p-limit'
import type { DriveScope } from '../access/scope.ts'
import { AppError } from '../errors.ts'
import type { IngestedFile, OnConflict } from '../features/ingest/ingest.service.ts'
import type { Installation } from '../installation.ts'
import { parseAssetPath } from '../model/asset-path.ts'
import { type FoundFile, findFiles } from './find-files.ts'
import { type IngestDisplay, ingestDisplay } from './ingest-display.ts'
import { driveNamed, withInstallation } from './with-installation.ts'

interface Options {
  readonly drive: string
  readonly into: string
  readonly onConflict: OnConflict
  readonly wait?: boolean
  readonly json?: boolean
}

const atOnce = 3
const triesOnOutage = 8

export function addIngestCommand(program: Command) {
  program
    .command('ingest')
    .description('make assets of files and folders of this machine; what is there already is skipped, so a broken-off run is simply repeated')
    .argument('<path...>', 'files, or folders with all that is in them; `folder/` with the slash takes its content without its name')
    .requiredOption('--drive <drive>', 'id or name of the drive')
    .option('--into <folder>', 'folder in the drive', '/')
    .option('--on-conflict <what>', 'where another file has the path: version, rename or skip', 'version')
    .option('--wait', 'until previews and proxies are made too; works on them itself where no worker runs')
    .action(async (paths: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      if (!['version', 'rename', 'skip'].includes(options.onConflict)) throw new AppError('malformed', `--on-conflict is version, rename or skip, not ${options.onConflict}`)
      const files = await findFiles(paths.map(absolutePath))
      const failed = await withInstallation(async (installation) => {
        const scope = await driveNamed(installation, options.drive)
        const display = ingestDisplay(files, { json: options.json ?? !process.stdout.isTTY })
        await ingestAll(installation, scope, { files, options, display })
        if (options.wait) await (await import('./wait-for-jobs.ts')).waitForJobs(installation, display.note)
        return display.end()
      })
      if (failed > 0) process.exitCode = 1
    })
}

/** npm starts scripts in the package’s root and says in INIT_CWD where it was called. A slash at the end stays: it means the folder’s content. */
const absolutePath = (path: string) => `${resolve(process.env['INIT_CWD'] ?? process.cwd(), path)}${/[/\\]$/.test(path) ? '/' : ''}`

interface Run {
  readonly files: readonly FoundFile[]
  readonly options: Options
  readonly display: IngestDisplay
}

async function ingestAll({ services }: Installation, scope: DriveScope<'edit'>, { files, options, display }: Run) {
  const limit = pLimit(atOnce)
  const stopped = new AbortController()
  process.once('SIGINT', () => stopped.abort(new AppError('conflict', 'Stopped; run the same command again to go on')))
  const one = async ({ file, relative, size }: FoundFile) => {
    const show = display.begin(file, size)
    try {
      stopped.signal.throwIfAborted()
      const path = parseAssetPath(`${options.into.replace(/\/+$/, '')}/${relative}`, scope.driveId, ['path'])
      const order = { file, path, onConflict: options.onConflict, signal: stopped.signal, onProgress: show.progress }
      show.done(await throughOutages(() => services.ingest.file(scope, order), stopped.signal))
    } catch (error) {
      show.failed(error instanceof AppError ? (error.faults[0]?.msg ?? error.message) : String(error instanceof Error ? error.message : error))
    }
  }
  await Promise.all(files.map((file) => limit(one, file)))
}

/** A database or store that is away for a moment does not fail a long ingest: the file is tried again, for a minute or so. */
async function throughOutages(work: () => Promise<IngestedFile>, signal: AbortSignal): Promise<IngestedFile> {
  const { setTimeout: pause } = await import('node:timers/promises')
  const { translateDatabaseError } = await import('../db/database-errors.ts')
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      const isAway = translateDatabaseError(error) !== undefined || (error instanceof AppError && error.code === 'unavailable')
      if (!isAway || tries >= triesOnOutage || signal.aborted) throw error
      await pause(Math.min(10_000, 250 * 2 ** tries), undefined, { signal })
    }
  }
}
