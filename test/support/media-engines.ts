import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import type { MediaEngine } from '../../src/ports/media-engine.ts'

/** Without anything on the search path, so that the ones that npm brought are found. */
export async function bundledEngine(tempDir: string): Promise<MediaEngine> {
  const path = process.env['PATH']
  process.env['PATH'] = ''
  try {
    const engine = createFfmpeg({ tempDir, slots: 2 })
    await engine.describe()
    return engine
  } finally {
    process.env['PATH'] = path
  }
}

export const hasSystemFfmpeg = (process.env['PATH'] ?? '').split(delimiter).some((each) => existsSync(join(each, 'ffmpeg')))

/** Each ffmpeg that is here; `temp` is the folder that it was given below the test's own. */
export const ENGINES = [
  { tool: 'the bundled ffmpeg', engine: bundledEngine, isBundled: true },
  { tool: 'the system’s ffmpeg', engine: async (tempDir: string) => createFfmpeg({ tempDir, slots: 2 }), isBundled: false },
].filter(({ isBundled }) => isBundled || hasSystemFfmpeg)
