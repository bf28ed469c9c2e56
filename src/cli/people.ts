import type { Command } from 'commander'
import { z } from 'zod'
import { nameOfRole } from '../access/actions.ts'
import { server } from '../access/scope.ts'
import { AppError } from '../errors.ts'
import { answer, driveNamed, roleNamed, withInstallation } from './with-installation.ts'

/** users, keys, drives, members */
export function addPeopleCommands(program: Command) {
  addUserCommands(program.command('users').description('who may sign in'))
  addKeyCommands(program.command('keys').description('API keys'))
  addDriveCommands(program.command('drives').description('drives'))
  addMemberCommands(program.command('members').description('who is on a drive'))
}

function addUserCommands(users: Command) {
  users
    .command('create')
    .description('add a user')
    .requiredOption('--email <address>')
    .requiredOption('--name <name>')
    .option('--operator', 'may run the installation: users, drives')
    .action(async ({ email, name, operator = false }: { email: string; name: string; operator?: boolean }, command: Command) =>
      withInstallation(async ({ services }) => {
        if (!z.email().safeParse(email).success) throw new AppError('malformed', `${email} is no e-mail address`)
        const user = await services.users.create({ email, name, is_operator: operator })
        answer(command, user, `${user.name} <${user.email}> is user ${user.id}`)
      }),
    )
}

function addKeyCommands(keys: Command) {
  keys
    .command('create')
    .description('make a key for a user; it is shown this once')
    .requiredOption('--email <address>', 'whose key')
    .requiredOption('--name <name>', 'what for')
    .option('--drive <drive>', 'id or name of the only drive that it works on')
    .option('--expires <time>', 'ISO 8601, with offset or Z')
    .action(async ({ email, name, drive, expires }: { email: string; name: string; drive?: string; expires?: string }, command: Command) =>
      withInstallation(async (installation) => {
        const { apiKeys, users } = installation.services
        if (expires !== undefined && !z.iso.datetime({ offset: true }).safeParse(expires).success) throw new AppError('malformed', `${expires} is no time such as 2027-01-31T12:00:00Z`)
        const user = await users.byEmail(email)
        const scope = drive === undefined ? undefined : await driveNamed(installation, drive)
        const key = await apiKeys.createFor(server, user.id, { name, drive_id: scope?.driveId, expires })
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
        await services.apiKeys.revoke(server, id)
        answer(command, true, 'Revoked')
      }),
    )
}

function addDriveCommands(drives: Command) {
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
}

/** What commander hands to an action: its arguments one by one, its options, itself. */
type MemberArguments = [drive: string, email: string, role: string, options: unknown, command: Command]

function addMemberCommands(members: Command) {
  members
    .command('set')
    .description('make a user a member, or give one another role')
    .argument('<drive>', 'id or name')
    .argument('<email>')
    .argument('<role>', 'ADMIN, FULL_ACCESS, EDITOR, COMMENTER, DOWNLOADER, VIEWER, METADATA_VIEWER, NONE, or the number')
    .action(async (...[drive, email, role, , command]: MemberArguments) =>
      withInstallation(async (installation) => {
        const scope = await driveNamed(installation, drive)
        const member = await installation.services.members.set(scope, { email, role: roleNamed(role) })
        answer(command, member, `${member.email} is ${nameOfRole(member.role)}`)
      }),
    )
}
