import { unavailable } from '../../errors.ts'
import { MediaError } from '../../ports/media-engine.ts'
import { NEEDS_MUCH_MEMORY, TOO_LARGE } from '../picture-limits.ts'

export const tooLarge = () => new MediaError(TOO_LARGE)
export const needsMuchMemory = () => new MediaError(NEEDS_MUCH_MEMORY)
export const tookTooLong = () => new MediaError('It took longer than allowed.')

export const decoded = <T>(decoding: Promise<T>): Promise<T> => decoding.catch((error: unknown) => Promise.reject(inPlainWords(error)))

const isShortOfMemory = (message: string) => /out of memory|unable to allocate|insufficient memory|memory allocation/i.test(message)

/** libvips' messages are for those who know its parts; short memory is none of the file's faults. */
function inPlainWords(error: unknown): unknown {
  return error instanceof Error && !isShortOfMemory(error.message) ? faultOf(error.message) : error
}

/** The same where memory was given by measure: then it is the picture that asks for too much. */
export const faultOfMeasured = (message: string): Error => (isShortOfMemory(message) ? needsMuchMemory() : faultOf(message))

/** The system's own words, at the end of a line. */
const isShortOfSpace = (message: string) => /(?:no space left on device|disk quota exceeded)$/im.test(message)

function faultOf(message: string): Error {
  if (isShortOfSpace(message)) return unavailable('The folder for temporary files is full')
  if (/pixel limit|too large|dimensions/i.test(message)) return tooLarge()
  if (/timeout/i.test(message)) return tookTooLong()
  if (/unsupported image format|unsupported codec|no decoding plugin/i.test(message)) return new MediaError('This kind of picture is not supported.')
  return new MediaError('The picture is damaged: it cannot be decoded.')
}
