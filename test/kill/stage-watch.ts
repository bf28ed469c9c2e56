import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { S3Double } from '../support/s3-double.ts'

export const stages = ['fetch', 'probe', 'render', 'store', 'settle'] as const
export type Stage = (typeof stages)[number]

/** What an asset's jobs do, as its object store sees it: it is fetched twice (to be looked at, and to be rendered), then its renditions come in. */
export interface Course {
  /** How many objects were put. */
  readonly puts: number
  /** From the second fetch to the first put. */
  readonly renderMs: number
  /** Whether media tools are run for it. */
  readonly usesTools: boolean
}

interface Aim {
  readonly stage: Stage
  readonly course: Course
  /** How often it will be fetched: its rendering alone does so once. */
  readonly fetches: 1 | 2
  readonly serverPid: () => number
  readonly random: () => number
  readonly strike: () => void
}

type Moment = 'fetching' | 'fetched' | 'putting' | 'put'
const mostWaitMs = 30_000

/** Stands before the store of the tests: tells what one asset's jobs do, and can be unplugged. */
export function watchStore(double: S3Double) {
  const open = new Set<IncomingMessage>()
  let isDown = false
  let refusals = 0
  let listener: ((moment: Moment, count: number) => void) | undefined
  const counts: Record<Moment, number> = { fetching: 0, fetched: 0, putting: 0, put: 0 }
  const begin = () => void Object.assign(counts, { fetching: 0, fetched: 0, putting: 0, put: 0 })
  const tell = (moment: Moment) => {
    counts[moment] += 1
    listener?.(moment, counts[moment])
  }

  double.intercept((request, response) => {
    open.add(request)
    response.once('close', () => open.delete(request))
    const [begun, done] = momentsOf(request)
    if (!isDown && begun && done) {
      tell(begun)
      response.once('finish', () => (response.statusCode < 300 ? tell(done) : undefined))
    }
    if (isDown) refuse(response, (refusals += 1))
    return isDown
  })

  return {
    /** Connections break, and who asks again is refused. */
    unplug() {
      isDown = true
      for (const request of open) request.socket.destroy()
    },
    plugIn: () => void (isDown = false),

    /** Notes when things happen, until the course is asked for. */
    measure() {
      begin()
      const last = { fetched: 0, put: 0 }
      listener = (moment, count) => {
        if (moment === 'fetched') last.fetched = Date.now()
        if (moment === 'putting' && count === 1) last.put = Date.now()
      }
      return (usesTools: boolean): Course => ({ puts: counts.put, renderMs: Math.max(0, last.put - last.fetched), usesTools })
    },

    /** Strikes when the jobs are in the midst of the stage; false where they did not come there. */
    async strikeAt({ stage, course, fetches, serverPid, random, strike }: Aim): Promise<boolean> {
      begin()
      const [fetch, put] = [1 + Math.floor(random() * fetches), 1 + Math.floor(random() * Math.max(1, course.puts - 1))]
      const [awaited, count] = ({ fetch: ['fetching', fetch], probe: ['fetched', 1], render: ['fetched', fetches], store: ['putting', put], settle: ['put', course.puts] } as const)[stage]
      const delayMs = random() * ({ fetch: 6, probe: course.usesTools ? 40 : 8, render: course.renderMs * 0.6, store: 4, settle: 12 } as const)[stage]
      const reached = new Promise<boolean>((tellReached) => {
        const giveUp = setTimeout(() => tellReached(false), mostWaitMs)
        listener = (moment, at) => {
          if (moment !== awaited || at !== count) return
          clearTimeout(giveUp)
          listener = undefined
          tellReached(true)
        }
      })
      if (!(await reached)) return false
      if (course.usesTools && stage === 'probe') await someChild(serverPid(), 'ffprobe')
      if (course.usesTools && stage === 'render') await someChild(serverPid(), 'ffmpeg')
      if (delayMs > 1) await pause(delayMs)
      strike()
      return true
    },
  }
}
export type StoreWatch = ReturnType<typeof watchStore>

function momentsOf({ method, url = '', headers }: IncomingMessage): readonly [Moment, Moment] | readonly [] {
  if (method === 'GET' && url.includes('/incoming/') && headers.range === undefined) return ['fetching', 'fetched']
  return method === 'PUT' && url.includes('/assets/') ? ['putting', 'put'] : []
}

/** By turns no answer at all, and one that the store is not ready. */
function refuse(response: ServerResponse, turn: number) {
  if (turn % 2 === 1) response.socket?.destroy()
  else response.writeHead(503, { 'content-length': 0, connection: 'close' }).end()
}

async function someChild(parent: number, tool: string) {
  for (const end = Date.now() + 1000; Date.now() < end; await pause(1)) if (childrenOf(parent).some((child) => runs(child, tool))) return
}

function childrenOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean))
  } catch {
    return [] // gone, or not Linux
  }
}

function runs(pid: string, tool: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').some((word) => basename(word) === tool)
  } catch {
    return false
  }
}
