import { ANY, type Words } from './expected.ts'

/** Words that a file must not be given when nothing is expected of them. */
const STRICT = [
  'video_codec', 'audio_codec', 'timecode', 'drop_frame', 'hdr', 'field_order', 'camera', 'lens', 'color_space', 'color_primaries', 'color_transfer',
] // prettier-ignore
/** A frame, and what containers round and encoders of sound put before it and after it. */
const NEAR_SECONDS = 0.045

/** What was said otherwise than it is right, one line for each word. */
export function differences(expected: Words, found: Words): readonly string[] {
  const wanted: Words = { ...Object.fromEntries(STRICT.map((word) => [word, null])), ...expected }
  const wrong = Object.entries(wanted).filter(([word, right]) => !isRight(word, right, found[word] ?? null))
  return [...wrong.map(([word, right]) => `${word} is ${found[word] ?? 'not said'} and should be ${right ?? 'not said'}`), ...betrayals(found)]
}

function isRight(word: string, right: Words[string] | undefined, found: Words[string] | undefined): boolean {
  if (right === ANY) return found !== null
  if (word === 'duration' && typeof right === 'number' && typeof found === 'number') return Math.abs(right - found) <= NEAR_SECONDS
  return right === found
}

/** Where the phone of the corpus was. */
const betrayals = (found: Words) =>
  Object.entries(found).flatMap(([word, value]) => (/\+52\.52|13\.405/.test(String(value)) ? [`${word} tells where it was recorded`] : []))
