import type { Command } from 'commander'
import { z } from 'zod'
import { nameOfRole } from '../access/actions.ts'
import { server } from '../access/scope.ts'
import { AppError } from '../errors.ts'
import { answer, driveNamed, roleNamed, withInstallation } from './with-installation.ts'

/** users, keys, drives, members */
export function addPeopleCommands(program: Command) {
  const users = program.command('users').description('who may sign in')
  users
    .command('create')
    .description('add a user')
    .requiredOption('--email <address>')
    .requiredOption('--name <name>')
    .option('--operator', 'may run the installation: users, drives')
    .action(async ({ email, name, operator = false }: { email: string; name: string; operator?: boolean }, command: Command) =>
      withInstallation(async ({ services }) => {
        if (!z.email().safeParse(email).success) throw new AppError('malformed', `${email} is no e-mail address`)
        const user = await services.accounts.createUser({ email, name, is_operator: operator })
        answer(command, user, `${user.name} <${user.email}> is user ${user.id}`)
      }),
    )

  const keys = program.command('keys').description('API keys')
  keys
    .command('create')
    .description('make a key for a user; it is shown this once')
    .requiredOption('--email <address>', 'whose key')
    .requiredOption('--name <name>', 'what for')
    .option('--drive <drive>', 'id or name of the only drive that it works on')
    .option('--expires <time>', 'ISO 8601, with offset or Z')
    .action(async ({ email, name, drive, expires }: { email: string; name: string; drive?: string; expires?: string }, command: Command) =>
      withInstallation(async (installation) => {
        const { accounts } = installation.services
        if (expires !== undefined && !z.iso.datetime({ offset: true }).safeParse(expires).success) throw new AppError('malformed', `${expires} is no time such as 2027-01-31T12:00:00Z`)
        const user = await accounts.userByEmail(email)
        const scope = drive === undefined ? undefined : await driveNamed(installation, drive)
        const key = await accounts.createKeyFor(server, user.id, { name, drive_id: scope?.driveId, expires })
        answer(command, key, `${key.key}\n(key ${key.id} of ${user.email}; it is not shown again)`)
      }),
    )
  keys
    .command('revoke')
    .description('end a key')
    .argument('<id>')
    .action(async (id: string, _options, command: Command) =>
      withInstallation(async ({ services }) => {
        if (!z.guid().safeParse(id).success) throw new AppError('not_found', 'API key not found')
        await services.accounts.revokeKey(server, id)
        answer(command, true, 'Revoked')
      }),
    )

  const drives = program.command('drives').description('drives')
  drives
    .command('create')
    .description('make a drive; give it members next')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) =>
      withInstallation(async ({ services }) => {
        const drive = await services.drives.create(server, name)
        answer(command, drive, `${drive.name} is drive ${drive.id}`)
      }),
    )
  drives
    .command('list')
    .description('all drives of the installation')
    .action(async (_options, command: Command) =>
      withInstallation(async ({ store }) => {
        const all = await store.drives.all()
        answer(command, all, all.map(({ id, name }) => `${id}  ${name}`).join('\n') || 'There is no drive yet')
      }),
    )

  program
    .command('members')
    .description('who is on a drive')
    .command('set')
    .description('make a user a member, or give one another role')
    .argument('<drive>', 'id or name')
    .argument('<email>')
    .argument('<role>', 'ADMIN, FULL_ACCESS, EDITOR, COMMENTER, DOWNLOADER, VIEWER, METADATA_VIEWER, NONE, or the number')
    .action(async (drive: string, email: string, role: string, _options, command: Command) =>
      withInstallation(async (installation) => {
        const scope = await driveNamed(installation, drive)
        const member = await installation.services.drives.setMember(scope, { email, role: roleNamed(role) })
        answer(command, member, `${member.email} is ${nameOfRole(member.role)}`)
      }),
    )
}
