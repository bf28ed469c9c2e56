import { setTimeout as pause } from 'node:timers/promises'
import type { RunningWorker, WorkerParts } from './worker.ts'

const againMs = 2000

export interface KeptWorker {
  readonly isRunning: () => boolean
  readonly stop: () => Promise<void>
}

/** Keeps one worker running until it is stopped: one that lost its database is started anew. graphile-worker is loaded here, where it is used. */
export async function keepWorking(parts: WorkerParts): Promise<KeptWorker> {
  const { startWorker } = await import('./worker.ts')
  let current: RunningWorker | undefined = await startWorker(parts)
  let isStopping = false

  const loop = (async () => {
    while (!isStopping) {
      await current?.ended.catch((error: unknown) => parts.log('warn', `the worker ended: ${String(error)}`))
      if (isStopping) return
      await current?.stop().catch(() => undefined)
      current = undefined
      await pause(againMs)
      if (!isStopping) current = await startWorker(parts).catch(() => undefined)
    }
  })()

  return {
    isRunning: () => current !== undefined,
    async stop() {
      isStopping = true
      await current?.stop()
      await Promise.race([loop, pause(againMs + 500)])
    },
  }
}
