import { unavailable } from '../../errors.ts'
import { createRunner, type Ended } from '../run.ts'
import { faultOfMeasured, needsMuchMemory, tookTooLong } from './faults.ts'
import { READING } from './reading.ts'

/** What a picture says of itself, in the words of sharp. */
export interface DrawingFacts {
  readonly space: string
  readonly width: number
  readonly height: number
}

interface Order {
  readonly source: string
  readonly isDrawing: boolean
  readonly isTight: boolean
  readonly signal: AbortSignal
  /** Absent: nothing is drawn. */
  readonly bitmap?: { readonly path: string; readonly maxSize: number }
}

export interface Draughtsman {
  facts(source: string, signal: AbortSignal): Promise<DrawingFacts>
  /** Draws into a PNG, the longer side at most `maxSize` and at most 4096. */
  draw(order: Required<Order>): Promise<void>
}

export const LONGEST_SIDE = 4096
/** An ordinary drawing takes far less than one, an illustration with many filters some. 4096 × 4096 pixels without compression are 64 MiB. */
const LIMITS = { seconds: 20, fileBytes: 96 * 1024 ** 2 }
/** Somebody waits. Node and libvips ask for some 140 MB beside the picture, of which 70 are touched: the process then stays below 256 MB. */
const TIGHT_LIMITS = { ...LIMITS, seconds: 10, dataBytes: 300 * 1024 ** 2 }

/**
 * Runs in a process of its own. A drawing is a program: some kilobytes of filters keep librsvg busy for hours, in a thread that nothing
 * can interrupt and that the end of the process would wait for. It is handed over as text and not as a file: librsvg, knowing no folder,
 * then has nothing that links in it could lead to. So are decoded those pictures that stand in memory whole: it is another's memory, and bounded.
 * What it answers is JSON on standard output.
 */
const PROGRAM = `
const [url, source, path, edge, reading, loader] = process.argv.slice(1)
const answer = (facts) => process.stdout.write(JSON.stringify(facts))
const { readFileSync } = await import('node:fs')
const { default: sharp } = await import(url)
sharp.cache(false)
sharp.concurrency(1)
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: loader.split(' ').map((each) => 'VipsForeignLoad' + each) })
try {
  const drawing = sharp(loader === 'SvgBuffer' ? readFileSync(source) : source, JSON.parse(reading)).autoOrient()
  const { space, hasProfile, autoOrient: { width, height } } = await drawing.metadata()
  const size = Number(edge)
  if (path) {
    const drawn = drawing.resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true }).toColourspace('srgb')
    await (hasProfile ? drawn.withIccProfile('srgb', { attach: false }) : drawn).png({ compressionLevel: 1 }).toFile(path)
  }
  answer({ space, width, height })
} catch (error) {
  answer({ fault: String(error) })
}`

const PICTURE_LOADERS = 'JpegFile PngFile NsgifFile WebpFile TiffFile HeifFile'

/** `longestSeconds` ends it earlier than usual, for tests. */
export function createDraughtsman({ slots, longestSeconds = LIMITS.seconds }: { readonly slots: number; readonly longestSeconds?: number | undefined }): Draughtsman {
  const runner = createRunner({ slots })
  const run = async ({ source, isDrawing, isTight, signal, bitmap }: Order) => {
    const edge = String(Math.min(bitmap?.maxSize ?? 1, LONGEST_SIDE))
    const args = [import.meta.resolve('sharp'), source, bitmap?.path ?? '', edge, JSON.stringify(READING), isDrawing ? 'SvgBuffer' : PICTURE_LOADERS]
    const usual = isTight ? TIGHT_LIMITS : LIMITS
    const limits = { ...usual, seconds: Math.min(usual.seconds, longestSeconds) }
    return factsIn(await runner.run({ program: process.execPath, args: ['--input-type=module', '-e', PROGRAM, '--', ...args], signal, limits }))
  }
  return {
    facts: (source, signal) => run({ source, isDrawing: true, isTight: false, signal }),
    async draw(order) {
      await run(order)
    },
  }
}

function factsIn({ code, killedBy, exceeded, stdout, stderrTail }: Ended): DrawingFacts {
  if (exceeded === 'time' || killedBy === 'SIGXCPU') throw tookTooLong()
  if (killedBy === 'SIGKILL' || killedBy === 'SIGTERM') throw unavailable('The drawing tool was killed')
  // Both librsvg and the allocator end the process when memory is refused.
  if (killedBy !== null) throw needsMuchMemory()
  if (code !== 0) throw unavailable('The drawing tool could not be started', new Error(stderrTail))
  const answer = JSON.parse(stdout) as DrawingFacts | { readonly fault: string } // PROGRAM writes either
  if ('fault' in answer) throw faultOfMeasured(answer.fault)
  return answer
}
