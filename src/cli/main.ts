import { Command } from 'commander'
import { ConfigError } from '../config.ts'
import { AppError } from '../errors.ts'
import { addIngestCommand } from './ingest.ts'
import { addJobCommands } from './jobs.ts'
import { addPeopleCommands } from './people.ts'
import { addServerCommands } from './server.ts'

/** Looked for here, since commander says what is wrong with a command line before it has read all of it. */
const isJson = process.argv.includes('--json')

const program = new Command('dailies')
  .description('Runs an installation of Dailies: people, drives, keys, films, jobs. Settings come from the environment, as for the server.')
  .option('--json', 'answer in JSON, for programs')
  .showHelpAfterError(!isJson)
  .configureOutput({ outputError: (text, write) => write(asError(text.trim().replace(/^error: /, isJson ? '' : '$&'))) })

addPeopleCommands(program)
addIngestCommand(program)
addJobCommands(program)
addServerCommands(program)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(asError(explain(error)))
  process.exitCode = 1
}

/** On standard error in any case: standard output carries answers. */
function asError(text: string): string {
  return `${isJson ? JSON.stringify({ error: text }) : text}\n`
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof AppError) return error.faults.length > 0 ? error.faults.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`).join('\n') : error.message
  if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return 'The database cannot be reached (DATABASE_URL)'
  return error instanceof Error ? ((isJson ? undefined : error.stack) ?? error.message) : String(error)
}
