import type { Ended, Runner } from '../run.ts'
import { expectSuccess } from './faults.ts'
import { fileUrl, inputOptions } from './inputs.ts'
import type { Tools } from './locate.ts'
import { MEMORY_TO_PROBE } from './memory.ts'
import type { StreamReport } from './report.ts'

export interface Kit {
  readonly runner: Runner
  readonly tools: Tools
}

export interface Source {
  readonly source: string
  readonly signal: AbortSignal
}

interface Asked extends Source {
  readonly seconds?: number | undefined
}

/** Answers in JSON on standard output; what it says of the file besides is in `stderrTail`. */
export async function ffprobe({ runner, tools }: Kit, { source, signal, seconds = 60 }: Asked, entries: readonly string[]): Promise<Ended> {
  const args = ['-hide_banner', '-v', 'error', ...inputOptions(), ...entries, '-of', 'json=compact=1', '-i', fileUrl(source)]
  return expectSuccess(await runner.run({ program: tools.ffprobe, args, signal, limits: { seconds, fileBytes: 0, ...MEMORY_TO_PROBE } }), source)
}

/** A part of one stream to be told of. */
export interface Stretch {
  readonly stream: StreamReport
  /** As `-read_intervals` takes it. */
  readonly intervals: string
  /** Entries of `-show_entries`. */
  readonly entries: string
  readonly seconds?: number
}

/** Some packets or frames of one stream, as JSON. */
export async function readStretch(kit: Kit, input: Source, { stream, intervals, entries, seconds }: Stretch): Promise<string> {
  const { stdout } = await ffprobe(kit, { ...input, seconds }, ['-select_streams', String(stream.index), '-read_intervals', intervals, '-show_entries', entries])
  return stdout
}

export const firstOf = (stream: StreamReport, entries: string): Stretch => ({ stream, intervals: '%+#1', entries })
