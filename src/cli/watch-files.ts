import { setTimeout as pause } from 'node:timers/promises'
import { type Found, type FoundFile, reasonOf } from './find-files.ts'

const scanEveryMs = 2000

interface Watch {
  readonly scan: () => Promise<Found>
  /** Answers those that are to be taken again, whether they change or not. */
  readonly take: (files: readonly FoundFile[]) => Promise<readonly FoundFile[]>
  readonly warn: (text: string) => void
  readonly signal: AbortSignal
}

/** What was found and taken before the watching began. */
interface Begun {
  readonly found: Found
  readonly unsent: readonly FoundFile[]
}

/**
 * Looks at all files every 2 seconds, since network mounts tell nobody of a change, until the signal says to stop. A file that is new, or another than it was,
 * is taken once it has kept its size and time over two looks: then whoever writes it is through, or pauses.
 */
export async function watchFiles({ found, unsent }: Begun, { scan, take, warn, signal }: Watch): Promise<void> {
  const taken = new Map(found.files.map((file) => [placeOf(file), markOf(file)]))
  for (const file of unsent) taken.delete(placeOf(file))
  const sayNew = once(warn, faultsOf(found))
  let seen = new Map(taken)

  while (await nextLook(signal)) {
    const now = await scan().catch((error: unknown) => reasonOf(error)) // a mount that is away comes back
    if (typeof now === 'string') {
      sayNew([now])
      continue
    }
    sayNew(faultsOf(now))
    const changed = now.files.filter((file) => taken.get(placeOf(file)) !== markOf(file))
    const ready = changed.filter((file) => seen.get(placeOf(file)) === markOf(file))
    seen = new Map(now.files.map((file) => [placeOf(file), markOf(file)]))
    for (const place of taken.keys()) if (!seen.has(place)) taken.delete(place) // one that comes again is a new one
    for (const file of ready) taken.set(placeOf(file), markOf(file))
    for (const file of await take(ready)) taken.delete(placeOf(file))
  }
}

const placeOf = ({ file, relative }: FoundFile) => `${relative}\0${file}`
const markOf = ({ size, modifiedMs }: FoundFile) => `${size} ${modifiedMs}`

const faultsOf = ({ failed, passedOver }: Found) => [...failed.map(({ file, reason }) => `${file}: ${reason}`), ...passedOver.map(({ file, what }) => `${file} is passed over: it is ${what}`)]

/** What goes on is said once; said again when it was over and comes back. */
function once(warn: (text: string) => void, already: readonly string[]) {
  let said = new Set(already)
  return (texts: readonly string[]) => {
    for (const text of texts) if (!said.has(text)) warn(text)
    said = new Set(texts)
  }
}

const nextLook = (signal: AbortSignal): Promise<boolean> => pause(scanEveryMs, true, { signal }).catch(() => false)
