import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/** What one process may take. */
export interface Limits {
  /** By the clock on the wall. */
  readonly seconds: number
  /** The largest file that it may write. */
  readonly fileBytes: number
  /** What it may hold in memory of its own, beside code and what it only reserves; absent: the address space alone is bounded. */
  readonly dataBytes?: number
  /** Of each thread. It counts as held from the start: the 8 MiB that are usual, for a dozen threads, would leave little of `dataBytes`. */
  readonly stackBytes?: number
}

export interface Confinement {
  readonly notes: readonly string[]
  /** The command line that runs `argv` held back as far as this machine can. */
  readonly wrap: (argv: readonly string[], limits: Limits) => readonly string[]
}

const GIB = 1024 ** 3

/**
 * Address space, not memory: frame threads and their allocator's arenas reserve far more than they touch.
 * An 8K film (10 bit HEVC) to a 1080p proxy ran within 2 GiB on 2 cores.
 */
const addressSpace = () => 3 * GIB + (availableParallelism() * GIB) / 4

/** Asks once what this kernel and its tools allow; on other systems than Linux nothing. */
export async function findConfinement(exitsWell: (argv: readonly string[]) => Promise<boolean>): Promise<Confinement> {
  const [prlimit, unshare, setpriv] = ['prlimit', 'unshare', 'setpriv'].map(systemProgram)
  const nothing = systemProgram('true')
  const works = async (prefix: readonly string[]) => nothing !== undefined && (await exitsWell([...prefix, nothing]))

  const limitWith = (limits: Limits) => (prlimit === undefined ? [] : [prlimit, ...resourceLimits(limits), '--'])
  const canLimit = prlimit !== undefined && (await works(limitWith({ seconds: 60, fileBytes: 0, dataBytes: GIB, stackBytes: GIB / 1024 })))
  // Keeping our own user id (not mapping to root) needs util-linux 2.38; either way files stay ours.
  const namespaces = unshare === undefined ? [] : ['--map-current-user', '--map-root-user'].map((map) => [unshare, '--user', map, '--net', '--'])
  const isolate = await firstThat(works, namespaces)
  const tether = setpriv === undefined ? undefined : await firstThat(works, [[setpriv, '--pdeathsig', 'KILL', '--']])

  return {
    notes: [
      isolate ? 'Media tools run in a namespace without network' : 'No namespace without network could be made here: allow-lists of formats and protocols stand alone',
      canLimit ? 'Media tools run under limits of memory, processor time and file size' : 'No resource limits could be set on media tools here (prlimit): a damaged or hostile file may take all memory',
      ...(tether ? [] : ['Media tools may outlive a killed server here (setpriv --pdeathsig)']),
    ],
    // setpriv comes last: a change of credentials, as by unshare, may clear the parent-death signal.
    wrap: (argv, limits) => [...(canLimit ? limitWith(limits) : []), ...(isolate ?? []), ...(tether ?? []), ...argv],
  }
}

const resourceLimits = ({ seconds, fileBytes, dataBytes, stackBytes }: Limits) => [
  `--as=${addressSpace()}`,
  ...(dataBytes === undefined ? [] : [`--data=${dataBytes}`]),
  ...(stackBytes === undefined ? [] : [`--stack=${stackBytes}`]),
  `--cpu=${Math.ceil(seconds) * availableParallelism()}`,
  `--fsize=${fileBytes}`,
  '--core=0',
]

const systemProgram = (name: string) => (process.platform === 'linux' ? ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => join(folder, name)).find(existsSync) : undefined)

async function firstThat<T>(holds: (candidate: T) => Promise<boolean>, candidates: readonly T[]): Promise<T | undefined> {
  for (const candidate of candidates) if (await holds(candidate)) return candidate
  return undefined
}
