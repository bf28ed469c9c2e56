import type { Command } from 'commander'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { type JobState, jobStates } from '../model/job-names.ts'
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
        const rows = await store.assetJobsOverview.latest(wanted as JobState | undefined, Math.max(1, Number(limit) || 50))
        const lines = rows.map((row) => `${row.state.padEnd(11)} ${row.name.padEnd(12)} ${row.assetId}  ${row.directory}${row.assetName}${row.error ? `  ${row.error}` : ''}`)
        answer(command, rows, lines.join('\n') || 'There is none')
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
        const again = await services.retry.failed(assetId)
        answer(command, { retried: again }, `${again} ${again === 1 ? 'asset is' : 'assets are'} looked at again`)
      }),
    )
}
