import { Command } from 'commander'
import { ConfigError } from '../config.ts'
import { AppError } from '../errors.ts'
import { addIngestCommand } from './ingest.ts'
import { addJobCommands } from './jobs.ts'
import { addPeopleCommands } from './people.ts'
import { addServerCommands } from './server.ts'

const program = new Command('dailies')
  .description('Runs an installation of Dailies: people, drives, keys, films, jobs. Settings come from the environment, as for the server.')
  .option('--json', 'answer in JSON, for programs')
  .showHelpAfterError()

addPeopleCommands(program)
addIngestCommand(program)
addJobCommands(program)
addServerCommands(program)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof AppError) return error.faults.length > 0 ? error.faults.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`).join('\n') : error.message
  if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return 'The database cannot be reached (DATABASE_URL)'
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
