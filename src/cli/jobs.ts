import type { Command } from 'commander'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Installation } from '../installation.ts'
import { fullPath } from '../model/asset-path.ts'
import { jobNames, jobStates } from '../model/job-names.ts'
import { answer, withInstallation } from './with-installation.ts'

/** jobs list, jobs retry */
export function addJobCommands(program: Command) {
  const jobs = program.command('jobs').description('what the workers do')
  jobs
    .command('list')
    .description('jobs on assets, the latest first')
    .option('--state <state>', `only ${jobStates.join(', ')}`)
    .option('--limit <n>', 'at most so many', '50')
    .action(async ({ state, limit }: { state?: string; limit: string }, command: Command) =>
      withInstallation(async ({ store }) => {
        const wanted = state === undefined ? undefined : jobStates.find((each) => each === state.toUpperCase())
        if (state !== undefined && !wanted) throw new AppError('malformed', `${state} is no state: ${jobStates.join(', ')}`)
        if (!/^[1-9]\d{0,6}$/.test(limit)) throw new AppError('malformed', `--limit is a whole number from 1, not ${limit}`)
        const rows = await store.assetJobsOverview.latest(wanted, Number(limit) + 1)
        const shown = rows.slice(0, Number(limit)).map(presentJob)
        answer(command, shown, shown.map(lineOf).join('\n') || 'There is none')
        if (rows.length > shown.length) process.stderr.write(`There are more than these ${limit}: --limit shows more\n`)
      }),
    )
  jobs
    .command('retry')
    .description('do the failed jobs again: of one asset, or (--failed) of all')
    .argument('[asset_id]')
    .option('--failed', 'of all assets that have one')
    .action(async (assetId: string | undefined, { failed = false }: { failed?: boolean }, command: Command) =>
      withInstallation(async ({ services }) => {
        if ((assetId === undefined) === !failed) throw new AppError('malformed', 'Name an asset, or say --failed')
        if (assetId !== undefined && !z.guid().safeParse(assetId).success) throw new AppError('malformed', `${assetId} is no id`)
        const again = await services.reopenFailed(assetId)
        const none = assetId === undefined ? 'No job has failed' : `No job on asset ${assetId} has failed`
        answer(command, { retried: again }, again === 0 ? none : `${again} ${again === 1 ? 'asset is' : 'assets are'} looked at again`)
      }),
    )
}

type OverviewRow = Awaited<ReturnType<Installation['store']['assetJobsOverview']['latest']>>[number]

/** As REST shows a job, with the asset that it is on. */
const presentJob = ({ driveId, assetId, directory, assetName, name, state, progress, attempts, error, createdAt, updatedAt }: OverviewRow) => ({
  asset_id: assetId,
  drive_id: driveId,
  path: fullPath(driveId, { directory, name: assetName }),
  name,
  state,
  progress,
  attempts,
  error,
  created: createdAt.toISOString(),
  updated: updatedAt.toISOString(),
})

const widthOf = (words: readonly string[]) => Math.max(...words.map((each) => each.length))
const [stateWidth, nameWidth] = [widthOf(jobStates), widthOf(jobNames)]

const lineOf = ({ state, name, asset_id: id, path, error }: ReturnType<typeof presentJob>) =>
  `${state.padEnd(stateWidth)}  ${name.padEnd(nameWidth)}  ${id}  ${path}${error === null ? '' : `  ${error}`}`
