import type { Command } from 'commander'
import { z } from 'zod'
import { nameOfRole } from '../access/actions.ts'
import { server } from '../access/scope.ts'
import { AppError } from '../errors.ts'
import { driveName } from '../features/drives/drives.schemas.ts'
import { presentDrive } from '../features/drives/drives.service.ts'
import { allPages, answer, driveNamed, roleNamed, withInstallation } from './with-installation.ts'

/** users, keys, drives, members: what they print as JSON is what REST answers. */
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
  users
    .command('list')
    .description('all users of the installation')
    .action(async (_options, command: Command) =>
      withInstallation(async ({ services }) => {
        const all = await allPages((page) => services.users.list(page))
        answer(command, all, all.map(({ id, name, email, is_operator: isOperator }) => `${id}  ${name} <${email}>${isOperator ? '  operator' : ''}`).join('\n') || 'There is no user yet')
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
    .command('list')
    .description('the keys of a user, as far as they are not revoked')
    .requiredOption('--email <address>', 'whose keys')
    .action(async ({ email }: { email: string }, command: Command) =>
      withInstallation(async ({ services }) => {
        const user = await services.users.byEmail(email)
        const all = await allPages((page) => services.apiKeys.list({ userId: user.id, onlyDriveId: null }, page))
        const lines = all.map(({ id, name, drive_id: drive, expires, last_used: used }) => `${id}  ${name}${drive ? `  only drive ${drive}` : ''}${expires ? `  until ${expires}` : ''}  ${used ? `used ${used}` : 'never used'}`)
        answer(command, all, lines.join('\n') || `${user.email} has no key`)
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
    .option('--another', 'even where a drive is called so already')
    .action(async (given: string, { another = false }: { another?: boolean }, command: Command) =>
      withInstallation(async ({ services, store }) => {
        const { data: name } = driveName.safeParse(given)
        if (name === undefined) throw new AppError('malformed', 'A drive has a name of 1 to 200 characters')
        const [known] = another ? [] : await store.drives.named({ name })
        if (known) throw new AppError('conflict', `${known.id} is called ${name} already; --another makes one more`)
        const drive = await services.drives.create(server, name)
        answer(command, drive, `${drive.name} is drive ${drive.id}\nNobody is on it yet: \`members set ${drive.id} EMAIL ROLE\` comes next`)
      }),
    )
  drives
    .command('list')
    .description('all drives of the installation')
    .action(async (_options, command: Command) =>
      withInstallation(async ({ store }) => {
        const all = (await store.drives.all()).map(presentDrive)
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
  members
    .command('list')
    .description('who is on a drive')
    .argument('<drive>', 'id or name')
    .action(async (drive: string, _options, command: Command) =>
      withInstallation(async (installation) => {
        const scope = await driveNamed(installation, drive)
        const all = await allPages((page) => installation.services.members.list(scope, page))
        answer(command, all, all.map(({ user_id: id, name, email, role }) => `${id}  ${nameOfRole(role).padEnd(15)}  ${name} <${email}>`).join('\n') || 'Nobody is on it yet')
      }),
    )
}
