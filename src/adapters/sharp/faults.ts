import { MediaError } from '../../ports/media-engine.ts'

export const tooLarge = () => new MediaError('The picture is larger than allowed: more than 268 megapixels.')
export const needsMuchMemory = () => new MediaError('The picture needs more memory to decode than is allowed here: a plain JPEG or PNG of it needs little.')
export const tookTooLong = () => new MediaError('It took longer than allowed.')

export const decoded = <T>(decoding: Promise<T>): Promise<T> => decoding.catch((error: unknown) => Promise.reject(inPlainWords(error)))

const isShortOfMemory = (message: string) => /out of memory|unable to allocate|insufficient memory|memory allocation/i.test(message)

/** libvips' messages are for those who know its parts; short memory is none of the file's faults. */
function inPlainWords(error: unknown): unknown {
  return error instanceof Error && !isShortOfMemory(error.message) ? faultOf(error.message) : error
}

/** The same where memory was given by measure: then it is the picture that asks for too much. */
export const faultOfMeasured = (message: string): MediaError => (isShortOfMemory(message) ? needsMuchMemory() : faultOf(message))

function faultOf(message: string): MediaError {
  if (/pixel limit|too large|dimensions/i.test(message)) return tooLarge()
  if (/timeout/i.test(message)) return tookTooLong()
  if (/unsupported image format|unsupported codec|no decoding plugin/i.test(message)) return new MediaError('This kind of picture is not supported.')
  return new MediaError('The picture is damaged: it cannot be decoded.')
}
