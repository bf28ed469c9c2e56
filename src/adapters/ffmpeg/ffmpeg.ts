import type { MediaEngine } from '../../ports/media-engine.ts'
import type { StillDecoder } from '../../ports/still-decoder.ts'
import { createRunner } from '../run.ts'
import { refusingFullFolder } from './full-folder.ts'
import { locateTools, type Tools } from './locate.ts'
import { MOST_THREADS } from './memory.ts'
import { poster } from './poster.ts'
import { probe, type Kit } from './probe.ts'
import { render } from './render.ts'
import { decodeStill, factsOfStill } from './still.ts'

interface Options {
  readonly ffmpegPath?: string | undefined
  readonly ffprobePath?: string | undefined
  /** For files under way, in its folder `jobs`; made when it is missing, and empty again after each call. */
  readonly tempDir: string
  /** Processes of ffmpeg and ffprobe at once; as many again, at most two, for still pictures. */
  readonly slots: number
  /** For each process, of decoder and of encoder. */
  readonly threads?: number | undefined
}

const MOST_STILLS = 2

/** Looks for the tools at the first call, and again after a failure. */
export function createFfmpeg({ ffmpegPath, ffprobePath, tempDir, slots, threads = MOST_THREADS }: Options): MediaEngine & { readonly stills: StillDecoder } {
  const runner = refusingFullFolder(createRunner({ slots }), tempDir)
  // Films hold theirs for hours.
  const runnerOfStills = refusingFullFolder(createRunner({ slots: Math.min(slots, MOST_STILLS) }), tempDir)
  let located: Promise<Tools> | undefined
  const kit = async (): Promise<Kit> => {
    located ??= locateTools(runner, { ffmpegPath, ffprobePath })
    try {
      return { runner, tools: await located }
    } catch (error) {
      located = undefined
      throw error
    }
  }
  return {
    probe: async (source, signal) => probe(await kit(), { source, signal }),
    poster: async (order) => poster(await kit(), order, { tempDir }),
    render: async (order) => render(await kit(), order, { tempDir, threads }),
    stills: {
      facts: async (file) => factsOfStill({ ...(await kit()), runner: runnerOfStills }, file),
      decode: async (order) => decodeStill({ ...(await kit()), runner: runnerOfStills }, order, { tempDir }),
    },
    async describe() {
      const { ffmpeg, ffprobe, version, origin, notes } = (await kit()).tools
      return { ffmpeg, ffprobe, version, origin, notes }
    },
  }
}
