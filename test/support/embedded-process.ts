import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A process of its own that uses the embedded PostgreSQL on a folder: see `embedded-child.ts` for what it does. */
export interface EmbeddedProcess {
  readonly child: ChildProcess
  readonly url: string
  readonly adopted: boolean
  /** The numbers of the rows that it wrote and saw committed. */
  readonly committed: readonly number[]
  readonly ended: Promise<number | null>
  readonly kill: (signal: NodeJS.Signals) => Promise<number | null>
}

export interface EmbeddedProcessOptions {
  readonly dataDir: string
  readonly ephemeral?: boolean
  readonly uid?: number
  readonly env?: Readonly<Record<string, string>>
}

export async function startEmbeddedProcess({ dataDir, ephemeral = false, uid, env = {} }: EmbeddedProcessOptions): Promise<EmbeddedProcess> {
  const script = fileURLToPath(new URL('embedded-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir, ephemeral ? 'ephemeral' : 'lasting'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // its group can then be sent what a terminal sends for Ctrl-C
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  })
  const ended = once(child, 'close').then(([code]) => code as number | null) // the event's documented first argument
  const committed: number[] = []
  let errors = ''
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
  const ready = await new Promise<{ url: string; adopted: boolean }>((done, failed) => {
    void ended.then((code) => failed(new Error(`The process ended with ${code}: ${errors}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word = '', ...rest] = line.split(' ')
      if (word === 'ready') done({ adopted: rest[0] === 'adopted', url: rest[1] ?? '' })
      else committed.push(Number(word))
    })
  })
  return {
    child,
    ...ready,
    committed,
    ended,
    kill: (signal) => {
      child.kill(signal)
      return ended
    },
  }
}
