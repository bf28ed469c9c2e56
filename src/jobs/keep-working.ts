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

  /** At most once each, however often it is asked. */
  async function stopCurrent() {
    const worker = current
    current = undefined
    await worker?.stop().catch(() => undefined)
  }

  const loop = (async () => {
    while (!isStopping) {
      await current?.ended.catch((error: unknown) => parts.log('warn', `the worker ended: ${String(error)}`))
      if (isStopping) return
      await stopCurrent()
      await pause(againMs)
      if (!isStopping) current = await startWorker(parts).catch(() => undefined)
    }
  })()

  return {
    isRunning: () => current !== undefined,
    async stop() {
      isStopping = true
      await stopCurrent()
      await Promise.race([loop, pause(againMs + 5000)])
      await stopCurrent() // one that was being started meanwhile
    },
  }
}
