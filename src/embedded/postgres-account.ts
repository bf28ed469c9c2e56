import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'

/** How to run a program as somebody whom PostgreSQL accepts: it refuses to run as root. */
export interface Account {
  /** The program and arguments to spawn in place of those given. */
  readonly command: (program: string, args: readonly string[]) => readonly [string, readonly string[]]
  /** Gives a file, or a folder with all that is in it, to the account; does nothing where that is ourselves. */
  readonly own: (path: string) => void
  /** Who owns the data, as the kernel sees it. */
  readonly uid: number
}

/** @param data a folder that exists; whoever owns it keeps it. */
export function accountFor(data: string): Account {
  const us = process.getuid?.() ?? -1
  if (us !== 0) return { command: (program, args) => [program, args], own: () => undefined, uid: us }

  const { uid, gid } = statSync(data)
  if (uid !== 0) return otherUser(uid, gid)
  return inUserNamespace() ?? nobody()
}

/** PostgreSQL sees 65534 while the kernel still sees root: nobody to find, nothing to hand over. */
function inUserNamespace(): Account | undefined {
  const map = ['-U', '--map-user=65534', '--map-group=65534']
  if (spawnSync('unshare', [...map, 'true'], { stdio: 'ignore' }).status !== 0) return undefined // forbidden in most containers
  return { command: (program, args) => ['unshare', [...map, program, ...args]], own: () => undefined, uid: 0 }
}

function nobody(): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'))
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody')
  if (!account) throw cannotRunAsRoot()
  return otherUser(Number(account[2]), Number(account[3]))
}

function otherUser(uid: number, gid: number): Account {
  // The one capability that it keeps is to reach files: this package or the data may lie below root's private home.
  const become = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  if (spawnSync('setpriv', [...become, 'true'], { stdio: 'ignore' }).status !== 0) throw cannotRunAsRoot()
  return {
    command: (program, args) => ['setpriv', [...become, program, ...args]],
    own: (path) => void spawnSync('chown', ['-Rh', `${uid}:${gid}`, path]), // -h: a link is not followed
    uid,
  }
}

const cannotRunAsRoot = () => new Error('PostgreSQL does not run as root: start as another user, or set DATABASE_URL.')
