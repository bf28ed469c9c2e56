import type { Health } from './health.routes.ts'

type CheckName = keyof Health['checks']
/** Rejects when the thing is down; null: not the business of this process. */
export type Checks = Readonly<Record<CheckName, ((signal: AbortSignal) => Promise<unknown>) | null>>

const limitMs = 3000
const rememberedMs = 1000

/** Looks at everything that the server needs, at once, each within three seconds; asked more often than once a second, it answers what it saw last. */
export function createLookAround(checks: Checks): () => Promise<Health> {
  let last: { readonly at: number; readonly health: Promise<Health> } | undefined
  return () => {
    const now = Date.now()
    if (!last || now - last.at > rememberedMs) last = { at: now, health: look(checks) }
    return last.health
  }
}

async function look(checks: Checks): Promise<Health> {
  const [postgres, object_store, media_tools, jobs] = await Promise.all([stateOf(checks.postgres), stateOf(checks.object_store), stateOf(checks.media_tools), stateOf(checks.jobs)])
  const states = { postgres, object_store, media_tools, jobs }
  return { status: Object.values(states).includes('down') ? 'down' : 'ok', checks: states }
}

async function stateOf(check: Checks[CheckName]): Promise<'ok' | 'down' | 'off'> {
  if (!check) return 'off'
  const signal = AbortSignal.timeout(limitMs)
  const late = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('too late')), { once: true }))
  return Promise.race([check(signal), late]).then(
    () => 'ok' as const,
    () => 'down' as const,
  )
}
