import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { Readable } from 'node:stream'
import pLimit, { type LimitFunction } from 'p-limit'
import { unavailable } from '../errors.ts'
import { findConfinement, type Confinement, type Limits } from './confine.ts'
import { lineReader } from './lines.ts'

/** One process of a media tool. */
export interface Order {
  /** An absolute path. */
  readonly program: string
  readonly args: readonly string[]
  readonly signal: AbortSignal
  readonly limits: Limits
  readonly cwd?: string
  readonly onStderrLine?: (line: string) => void
  /** Absent: standard output is collected, up to 16 MiB. */
  readonly onStdoutLine?: (line: string) => void
  /** Opens a third pipe, descriptor 3 of the process, and takes what is written to it; it holds the process up while it works. */
  readonly onData?: (chunk: Buffer) => void
}

/** How a process ended of itself or by its limits; one that ends by the signal rejects with the signal's reason instead. */
export interface Ended {
  readonly code: number | null
  readonly killedBy: NodeJS.Signals | null
  readonly stdout: string
  /** The last 16 KiB. */
  readonly stderrTail: string
  readonly exceeded: 'time' | 'output' | null
}

export interface Runner {
  run(order: Order): Promise<Ended>
  /** What holds a child back on this machine, in words. */
  notes(): Promise<readonly string[]>
}

const STDERR_TAIL = 16 * 1024
const STDOUT_MOST = 16 * 1024 * 1024

/**
 * All that a child sees of the environment: none of our secrets.
 * GCONV_PATH leads nowhere, since static builds crash when glibc loads the system's character-set modules into them.
 */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC', GCONV_PATH: '/nonexistent', AV_LOG_FORCE_NOCOLOR: '1' }

/** The one way in which programs that read what people sent are started; never more than `slots` at once. */
export function createRunner({ slots }: { readonly slots: number }): Runner {
  const limit = pLimit(slots)
  let asked: Promise<Confinement> | undefined
  const confinement = () => (asked ??= findConfinement((argv) => exitsWell(argv)))
  return {
    run: (order) => whenFree(limit, order.signal, async () => execute(order, (await confinement()).wrap([order.program, ...order.args], order.limits))),
    notes: async () => (await confinement()).notes,
  }
}

/** Waits for a slot; who aborts while waiting is let go at once, and who aborts while running after the process has ended. */
export function whenFree<T>(limit: LimitFunction, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted()
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    limit(async () => {
      signal.throwIfAborted()
      signal.removeEventListener('abort', leave)
      return task()
    }).then(resolve, reject)
  })
}

function execute(order: Order, argv: readonly string[]): Promise<Ended> {
  const { signal, limits, cwd = '/', onStderrLine, onStdoutLine, onData } = order
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const child = start(argv, { cwd, hasDataPipe: onData !== undefined })
    let exceeded: Ended['exceeded'] = null
    let fault: { readonly cause: unknown } | undefined
    let stdout = ''
    let stderrTail = ''
    const end = (reason: Ended['exceeded']) => {
      exceeded ??= reason
      killGroup(child)
    }
    const fail = (cause: unknown) => {
      fault ??= { cause }
      end(null)
    }
    /** What a listener throws ends the child: nobody else would hear of it, and this process would end. */
    const guarded = <Part>(take: (part: Part) => void) => (part: Part) => {
      if (fault) return
      try {
        take(part)
      } catch (error) {
        fail(error)
      }
    }
    const abort = () => end(null)
    signal.addEventListener('abort', abort, { once: true })
    const timer = setTimeout(() => end('time'), limits.seconds * 1000)
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      finish()
    }
    child.once('error', (cause) => settle(() => reject(unavailable('The media tool could not be started', cause))))

    const errors = lineReader(guarded((line: string) => onStderrLine?.(line)))
    const output = onStdoutLine ? lineReader(guarded(onStdoutLine)) : undefined
    const [, out, err, data] = pipesOf(child)
    for (const pipe of [out, err, data]) pipe?.on('error', (cause) => fail(unavailable('The pipe to the media tool broke', cause)))
    err?.setEncoding('utf8').on('data', (text: string) => {
      stderrTail = (stderrTail + text).slice(-STDERR_TAIL)
      errors.push(text)
    })
    out?.setEncoding('utf8').on('data', (text: string) => {
      if (output) return output.push(text)
      stdout += text
      if (stdout.length > STDOUT_MOST) end('output')
    })
    data?.on('data', guarded((chunk: Buffer) => onData?.(chunk)))
    child.once('close', (code, killedBy) => {
      errors.end()
      output?.end()
      settle(() => (signal.aborted ? reject(signal.reason) : fault ? reject(fault.cause) : resolve({ code, killedBy, stdout, stderrTail, exceeded })))
    })
  })
}

/** None where no descriptor was left for them: then an error of the child follows. */
function pipesOf(child: ChildProcess): readonly (Readable | undefined)[] {
  const pipes: Partial<ChildProcess>['stdio'] = child.stdio
  return Array.from(pipes ?? [], (pipe) => (pipe instanceof Readable ? pipe : undefined))
}

/** A process group of its own: a terminal's Ctrl-C does not reach it, and the whole group can be ended. */
function start(argv: readonly string[], { cwd, hasDataPipe }: { readonly cwd: string; readonly hasDataPipe: boolean }): ChildProcess {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { cwd, env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe', ...(hasDataPipe ? (['pipe'] as const) : [])], detached: true, windowsHide: true })
  if (child.pid !== undefined) giveWay(child.pid)
  return child
}

/** As `nice -n 10` does. */
const NICENESS = 10

/** Answers to people come first. A session of its own may count as one among equals whatever its processes' niceness: it has another (sched(7), autogroup). */
function giveWay(pid: number) {
  try {
    setPriority(pid, NICENESS)
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/autogroup`, String(NICENESS))
  } catch {
    // It has ended already, or this kernel has no such groups.
  }
}

function killGroup(child: ChildProcess) {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

async function exitsWell(argv: readonly string[]): Promise<boolean> {
  const [program = '', ...args] = argv
  const order = { program, args, signal: new AbortController().signal, limits: { seconds: 10, fileBytes: 0 } }
  return execute(order, argv).then(
    ({ code }) => code === 0,
    () => false,
  )
}
