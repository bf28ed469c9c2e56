import { invalid } from '../errors.ts'

/** Where an asset lies in its drive: `directory` from the root with a slash at both ends, both in NFC. */
export interface AssetPath {
  readonly directory: string
  readonly name: string
}

const longestName = 1000
const longestPath = 2000 // bytes; what an index entry over both may hold

/** Reads a path as clients send it: bare (`folder/file.mov`, `/folder/file.mov`) or led by the drive's id, NFC or NFD. */
export function parseAssetPath(text: string, driveId: string, loc: readonly (string | number)[] = ['query', 'path']): AssetPath {
  const segments = segmentsOf(text, driveId)
  const fault = faultIn(segments)
  if (fault !== undefined) throw invalid({ loc, msg: fault, type: 'format' })
  const folders = segments.slice(0, -1)
  const path = { directory: folders.length === 0 ? '/' : `/${folders.join('/')}/`, name: segments.at(-1) ?? '' }
  if (isTooLong(path)) throw invalid({ loc, msg: `A name may have ${longestName} bytes, a path ${longestPath}`, type: 'length' })
  return path
}

/** Below the drive; the last is the file's name. */
function segmentsOf(text: string, driveId: string): string[] {
  const segments = text.normalize('NFC').replace(/^\//, '').split('/')
  return segments[0]?.toLowerCase() === driveId ? segments.slice(1) : segments
}

function faultIn(segments: readonly string[]): string | undefined {
  if (segments.some((segment) => segment.includes('\\'))) return 'A path has slashes, no backslashes'
  if ((segments.at(-1) ?? '') === '') return 'A path ends in the name of a file'
  const wrong = segments.find((segment) => !isSegment(segment))
  if (wrong === undefined) return undefined
  return wrong === '' ? 'A path has no empty segments' : 'A path has no segment `.` or `..`, and no control characters'
}

function isTooLong({ directory, name }: AssetPath): boolean {
  const nameBytes = Buffer.byteLength(name)
  return nameBytes > longestName || Buffer.byteLength(directory) + nameBytes > longestPath
}

const isSegment = (segment: string) => segment !== '' && segment !== '.' && segment !== '..' && !hasControlCharacter(segment) && segment.isWellFormed()

function hasControlCharacter(text: string): boolean {
  for (const character of text) if (character < ' ' || character === '\u007f') return true
  return false
}

/** `spot` and `.mov`; a name that begins with its only dot, or has none, has no extension. */
export function splitName(name: string): { readonly stem: string; readonly extension: string } {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? { stem: name.slice(0, dot), extension: name.slice(dot) } : { stem: name, extension: '' }
}

/** Lower case, without the dot; none for `.hidden` and `name.`. */
export const extensionOf = (name: string): string => splitName(name).extension.slice(1).toLowerCase()

/** As clients know it: led by the drive. */
export const fullPath = (driveId: string, { directory, name }: AssetPath) => `/${driveId}${directory}${name}`

/** `name_v2.mov` for the second version of `name.mov`. */
export function versionedName(name: string, version: number): string {
  const { stem, extension } = splitName(name)
  return `${stem}_v${version}${extension}`
}

/** `name (2).mov`, where a name is taken. */
export function numberedName(name: string, number: number): string {
  const { stem, extension } = splitName(name)
  return `${stem} (${number})${extension}`
}
