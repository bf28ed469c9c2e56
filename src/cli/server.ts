import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { describeSettings, readConfig } from '../config.ts'
import { answer, withInstallation } from './with-installation.ts'

/** openapi, migrate, doctor, settings */
export function addServerCommands(program: Command) {
  program
    .command('openapi')
    .description('write the API description (default openapi.yaml)')
    .argument('[file]', 'where to; - = standard output', 'openapi.yaml')
    .action(async (file: string, _options, command: Command) => {
      const { describeApi } = await import('./describe-api.ts')
      const text = await describeApi()
      if (file === '-') return void process.stdout.write(text)
      await writeFile(file, text)
      answer(command, { file }, `The API description is in ${file}`)
    })

  program
    .command('migrate')
    .description('bring the database up to date (the server does so itself when it starts)')
    .action(async (_options, command: Command) => {
      const config = readConfig(process.env)
      const url = config.DATABASE_DIRECT_URL ?? config.DATABASE_URL
      if (url) await (await import('../db/migrate.ts')).migrate(url)
      else await withInstallation(async () => undefined) // opening it migrates
      answer(command, { migrated: true }, 'The database is up to date')
    })

  program
    .command('doctor')
    .description('look at everything that the server needs, and say what to do')
    .option('--objects', 'instead: whether the object store holds what the tables say, and nothing else')
    .option('--grace <hours>', 'with --objects: how old an object without a row must be to count', '24')
    .action(async ({ objects = false, grace }: { objects?: boolean; grace: string }, command: Command) => {
      if (objects) {
        const { isSound, value, words } = await (await import('./doctor-objects.ts')).examineObjects(grace)
        answer(command, value, words)
        if (!isSound) process.exitCode = 1
        return
      }
      const { examine } = await import('./doctor.ts')
      const findings = await examine()
      answer(command, findings, findings.map(({ what, state, about }) => `${state === 'ok' ? 'ok  ' : state === 'note' ? 'note' : 'FAIL'}  ${what}: ${about}`).join('\n'))
      if (findings.some((each) => each.state === 'fail')) process.exitCode = 1
    })

  program
    .command('settings')
    .description('every setting, with its default and its meaning')
    .option('--write', 'into README.md and .env.example')
    .action(async ({ write = false }: { write?: boolean }, command: Command) => {
      if (write) {
        const written = await (await import('./write-settings.ts')).writeSettings()
        return answer(command, { written }, `The settings are in ${written.join(' and ')}`)
      }
      const { settingsAsTable } = await import('./settings-text.ts')
      const plain = describeSettings().map((each) => ({ ...each, fallback: each.fallback.replaceAll('`', '') }))
      answer(command, plain, settingsAsTable())
    })
}
