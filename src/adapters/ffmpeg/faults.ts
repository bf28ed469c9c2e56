import { unavailable } from '../../errors.ts'
import { MediaError } from '../../ports/media-engine.ts'
import type { Ended } from '../run.ts'
import { isErrorLine } from './listener.ts'
import { shortened } from './texts.ts'

/** x264 writes the second. `get_buffer() failed` stands for it in versions before 4. */
export const SHORT_OF_MEMORY = /(?:cannot|could not|failed to) allocate|malloc of size \d+ failed|out of memory|bad_alloc|get_buffer\(\) failed/i

/** What ffmpeg prints, and what it means to whom the file belongs. The first that fits is taken. */
const FILE_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/moov atom not found/i, 'The file is incomplete: its index is missing, as when a recording or an upload broke off.'],
  [/partial file|ended prematurely/i, 'The file is incomplete: it breaks off before its end.'],
  [/not on (?:the )?whitelist|not in (?:the )?allow/i, 'This kind of file is not supported as film or sound.'],
  [/max_pixels|picture size|image dimensions|invalid (?:frame )?(?:size|dimensions)/i, 'Its picture is larger than allowed, or its size is damaged.'],
  [SHORT_OF_MEMORY, 'It needs more memory than is allowed.'],
  [/invalid pts|monoton/i, 'Its frames carry times that run backwards: the file is damaged, or was put together wrongly.'],
  [/av_interleaved_write_frame|timestamp delta/i, 'Its frames or its sound carry times that lie too far apart.'],
  [/encrypt|decryption/i, 'The file is encrypted.'],
  [/(?:decoder|codec).*(?:not found|unknown|unsupported)|unknown decoder|could not find codec parameters|cannot find a matching stream/i, 'It is in a format that cannot be decoded here.'],
  [/setup header|exceeds containing|corrupt|overread|truncated|out of range|invalid data found|invalid argument|error while decoding|invalid nal|header missing|end of file/i, 'The file is damaged, or it is not a film or sound file.'],
]

/** What is no fault of the file: a new try may end well. */
const OUR_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/permission denied/i, 'The media tool may not read or write its files'],
  [/no such file or directory/i, 'The file to read is not there'],
  [/input\/output error/i, 'The disk failed'],
]

/** The same, when the process ended well; else throws what went wrong in plain words. */
export function expectSuccess(ended: Ended, source: string): Ended {
  if (ended.code === 0) return ended
  throw failureOf(ended, source)
}

export function failureOf({ killedBy, stderrTail, exceeded }: Ended, source: string): Error {
  if (exceeded === 'time' || killedBy === 'SIGXCPU') return new MediaError('It took longer than allowed.', { isBeyondLimits: true })
  if (exceeded === 'output') return new MediaError('The file is damaged: its headers do not end.')
  if (killedBy === 'SIGXFSZ') return new MediaError('What was made of it grew larger than allowed.', { isBeyondLimits: true })
  // Not by us: the kernel when memory is short, or a hand. Another try may end well.
  if (killedBy === 'SIGKILL' || killedBy === 'SIGTERM') return unavailable('The media tool was killed')
  const said = errorLines(stderrTail.replaceAll(source, ''))
  const ours = OUR_FAULTS.find(([pattern]) => pattern.test(said))
  if (ours) return unavailable(ours[1])
  return explainFile(said, killedBy === null ? 'The file could not be read' : 'The file made the media tool crash')
}

/** Lines that follow on a failure and do not tell its cause. */
const CONSEQUENCES = /^(?:conversion failed|error (?:marking|while filtering|while processing|sending|submitting|initializing|opening)|failed to inject|task finished|terminating|nothing was|at least one|output file|last message)/i

/** What the tool said of a file, as a fault of the file. */
export function explainFile(said: string, otherwise: string): MediaError {
  const known = FILE_FAULTS.find(([pattern]) => pattern.test(said))
  if (known) return new MediaError(known[1], { isBeyondLimits: known[0] === SHORT_OF_MEMORY })
  const last = said.split('\n').map(clean).filter((line) => line && !CONSEQUENCES.test(line)).at(-1)
  return new MediaError(`${last === undefined ? otherwise : `${otherwise}: ${last}`}.`)
}

/** Of a run that says more than errors, the lines that are errors (`-loglevel level+…` marks them). */
function errorLines(stderr: string): string {
  const marked = stderr.split('\n').filter(isErrorLine)
  return marked.length > 0 ? marked.join('\n') : stderr
}

/** Without addresses, paths and the names of the tool's parts. */
const clean = (line: string) => shortened(withoutParts(line), 200)

const withoutParts = (line: string) =>
  line
    .replaceAll(/\[[^\]]*@ 0x[0-9a-f]+\]|\[(?:info|warning|error|fatal|panic)\]/gi, '')
    .replaceAll(/(?:file:)?(?:\/[^\s/:'"]+)+\/?/g, '')
    .replaceAll(/0x[0-9a-f]{4,}/gi, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\bfile:/g, '')
    .replaceAll(/^[\s:]+|[\s:.]+$/g, '')
