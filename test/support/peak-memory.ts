import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const inKb = (pid: number | string, field: string): number => {
  try {
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0 // It ended meanwhile.
  }
}

const children = () => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && inKb(pid, 'PPid') === process.pid)

/** What the work makes this process grow by at its peak, and the most that one of its children holds meanwhile, in MiB. Linux alone tells. */
export async function peakOf<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly grownMb: number; readonly childMb: number }> {
  writeFileSync('/proc/self/clear_refs', '5') // resets the high-water mark
  const before = inKb('self', 'VmRSS')
  let childKb = 0
  const timer = setInterval(() => {
    childKb = Math.max(childKb, ...children().map((pid) => inKb(pid, 'VmHWM')))
  }, 15)
  try {
    const result = await work()
    return { result, grownMb: Math.round((inKb('self', 'VmHWM') - before) / 1024), childMb: Math.round(childKb / 1024) }
  } finally {
    clearInterval(timer)
  }
}
