import { unavailable } from '../../errors.ts'
import { MediaError } from '../../ports/media-engine.ts'
import { createRunner, type Ended } from '../run.ts'
import { faultOfDrawing, tookTooLong } from './faults.ts'
import { READING } from './reading.ts'

/** What a drawing says of itself, in the words of sharp. */
export interface DrawingFacts {
  readonly space: string
  readonly width: number
  readonly height: number
}

interface Order {
  readonly source: string
  readonly signal: AbortSignal
  /** Absent: nothing is drawn. */
  readonly bitmap?: { readonly path: string; readonly maxSize: number }
}

export interface Draughtsman {
  facts(source: string): Promise<DrawingFacts>
  /** Draws into a PNG, the longer side at most `maxSize` and at most 4096. */
  draw(source: string, bitmap: { readonly path: string; readonly maxSize: number }, signal: AbortSignal): Promise<void>
}

const LONGEST_SIDE = 4096
/** An ordinary drawing takes far less than one, an illustration with many filters some. 4096 × 4096 pixels without compression are 64 MiB. */
const LIMITS = { seconds: 20, fileBytes: 96 * 1024 ** 2 }

/**
 * Runs in a process of its own. A drawing is a program: some kilobytes of filters keep librsvg busy for hours, in a thread that nothing
 * can interrupt and that the end of the process would wait for. It is handed over as text and not as a file: librsvg, knowing no folder,
 * then has nothing that links in it could lead to. What it answers is JSON on standard output.
 */
const PROGRAM = `
const [url, source, path, edge, reading] = process.argv.slice(1)
const answer = (facts) => process.stdout.write(JSON.stringify(facts))
const { readFileSync } = await import('node:fs')
const { default: sharp } = await import(url)
sharp.cache(false)
sharp.concurrency(1)
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadSvgBuffer'] })
try {
  const drawing = sharp(readFileSync(source), JSON.parse(reading))
  const { space, autoOrient: { width, height } } = await drawing.metadata()
  const size = Number(edge)
  if (path) await drawing.resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true }).png({ compressionLevel: 1 }).toFile(path)
  answer({ space, width, height })
} catch (error) {
  answer({ fault: String(error) })
}`

export function createDraughtsman(slots: number): Draughtsman {
  const runner = createRunner({ slots })
  const run = async ({ source, signal, bitmap }: Order) => {
    const args = [import.meta.resolve('sharp'), source, bitmap?.path ?? '', String(Math.min(bitmap?.maxSize ?? 1, LONGEST_SIDE)), JSON.stringify(READING)]
    return factsIn(await runner.run({ program: process.execPath, args: ['--input-type=module', '-e', PROGRAM, '--', ...args], signal, limits: LIMITS }))
  }
  return {
    facts: (source) => run({ source, signal: new AbortController().signal }),
    async draw(source, bitmap, signal) {
      await run({ source, signal, bitmap })
    },
  }
}

function factsIn({ code, killedBy, exceeded, stdout, stderrTail }: Ended): DrawingFacts {
  if (exceeded === 'time' || killedBy === 'SIGXCPU') throw tookTooLong()
  if (killedBy === 'SIGKILL' || killedBy === 'SIGTERM') throw unavailable('The drawing tool was killed')
  // Both librsvg and the allocator end the process when memory is refused.
  if (killedBy !== null) throw new MediaError('The drawing needs more memory than is allowed, or it is damaged.')
  if (code !== 0) throw unavailable('The drawing tool could not be started', new Error(stderrTail))
  const answer = JSON.parse(stdout) as DrawingFacts | { readonly fault: string } // PROGRAM writes either
  if ('fault' in answer) throw faultOfDrawing(answer.fault)
  return answer
}
