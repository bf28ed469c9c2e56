import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // It ended meanwhile.
  }
}
const inKb = (pid: number | string, field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
const inMb = (kb: number) => Math.round(kb / 1024)

/** Children and theirs whose command line fits. */
function descendants(pid: number, fits: RegExp): readonly string[] {
  const parents = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => [name, String(inKb(name, 'PPid'))]))
  const isBelow = (name: string | undefined): boolean => name !== undefined && name !== '0' && (parents.get(name) === String(pid) || isBelow(parents.get(name)))
  return [...parents.keys()].filter((name) => isBelow(name) && fits.test(read(`/proc/${name}/cmdline`)))
}

/** Watches what the processes that another one starts hold, in MiB of RSS; shared libraries count in each. Linux alone tells. */
export function watchChildren({ pid = process.pid, fits = /./, everyMs = 15 }: { readonly pid?: number; readonly fits?: RegExp; readonly everyMs?: number } = {}) {
  let childKb = 0
  let togetherKb = 0
  const timer = setInterval(() => {
    const found = descendants(pid, fits)
    childKb = Math.max(childKb, ...found.map((each) => inKb(each, 'VmHWM')))
    togetherKb = Math.max(togetherKb, found.reduce((sum, each) => sum + inKb(each, 'VmRSS'), 0))
  }, everyMs)
  return {
    running: () => descendants(pid, fits).length,
    /** The most that one held, and the most that all held at one time. */
    stop() {
      clearInterval(timer)
      return { childMb: inMb(childKb), togetherMb: inMb(togetherKb) }
    },
  }
}

/** The most that a process held since it was started, in MiB. */
export const highestMb = (pid: number): number => inMb(inKb(pid, 'VmHWM'))

/** What the work makes this process grow by at its peak, and the most that one of its children holds meanwhile, in MiB. Linux alone tells. */
export async function peakOf<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly grownMb: number; readonly childMb: number }> {
  writeFileSync('/proc/self/clear_refs', '5') // resets the high-water mark
  const before = inKb('self', 'VmRSS')
  const watch = watchChildren()
  try {
    const result = await work()
    return { result, grownMb: inMb(inKb('self', 'VmHWM') - before), childMb: watch.stop().childMb }
  } finally {
    watch.stop()
  }
}
