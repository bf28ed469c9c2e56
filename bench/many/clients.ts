import { setTimeout as pause } from 'node:timers/promises'

/** What somebody on another drive waits for. */
export interface Client {
  readonly origin: string
  readonly key: string
  readonly driveId: string
  readonly assetIds: readonly string[]
}

export interface Latencies {
  readonly all: readonly number[]
  readonly p50: number
  readonly p99: number
}

const rate = Number(process.env['RATE'] ?? 20)

/** Asks at a fixed rate, whether the answers come or not, until `isOver`; milliseconds from the moment that a request was due. */
export async function latenciesUntil({ origin, key, driveId, assetIds }: Client, isOver: () => boolean): Promise<Latencies> {
  const urls = (n: number) => {
    const id = assetIds[n % assetIds.length] ?? ''
    return [`/assets/${id}?drive_id=${driveId}`, `/workspaces/drives/${driveId}/assets?path=/many&limit=50`, `/assets/${id}/previews?drive_id=${driveId}`][n % 3] ?? ''
  }
  const [all, underWay]: [number[], Promise<void>[]] = [[], []]
  async function ask(n: number, due: number) {
    const answer = await fetch(`${origin}${urls(n)}`, { headers: { authorization: key } })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${urls(n)} answered ${answer.status}`)
    all.push(performance.now() - due)
  }
  const from = performance.now()
  for (let n = 0; !isOver(); n += 1) {
    const due = from + (n * 1000) / rate
    await pause(Math.max(0, due - performance.now()))
    underWay.push(ask(n, performance.now()))
  }
  await Promise.all(underWay)
  return summaryOf(all)
}

export function summaryOf(all: readonly number[]): Latencies {
  const sorted = [...all].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { all, p50: at(0.5), p99: at(0.99) }
}
