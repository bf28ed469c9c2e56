import { AppError, invalid } from '../errors.ts'

/** Where an asset lies in its drive: `directory` from the root with a slash at both ends, both in NFC. */
export interface AssetPath {
  readonly directory: string
  readonly name: string
}

const longestName = 1000
const longestPath = 2000 // bytes; what an index entry over both may hold

/** Reads a path as clients send it: bare (`folder/file.mov`, `/folder/file.mov`) or led by the drive's id, NFC or NFD. */
export function parseAssetPath(text: string, driveId: string, loc: readonly (string | number)[] = ['query', 'path']): AssetPath {
  const fault = (msg: string): AppError => invalid({ loc, msg, type: 'format' })
  if (text.includes('\\')) throw fault('A path has slashes, no backslashes')
  const segments = text.normalize('NFC').replace(/^\//, '').split('/')
  if (segments[0]?.toLowerCase() === driveId) segments.shift()
  const name = segments.pop()
  if (name === undefined || name === '') throw fault('A path ends in the name of a file')
  const wrong = [...segments, name].find((segment) => !isSegment(segment))
  if (wrong !== undefined) throw fault(wrong === '' ? 'A path has no empty segments' : 'A path has no segment `.` or `..`, and no control characters')
  const directory = segments.length === 0 ? '/' : `/${segments.join('/')}/`
  if (Buffer.byteLength(name) > longestName || Buffer.byteLength(directory) + Buffer.byteLength(name) > longestPath)
    throw invalid({ loc, msg: `A name may have ${longestName} bytes, a path ${longestPath}`, type: 'length' })
  return { directory, name }
}

const isSegment = (segment: string) => segment !== '' && segment !== '.' && segment !== '..' && !hasControlCharacter(segment) && segment.isWellFormed()

function hasControlCharacter(text: string): boolean {
  for (const character of text) if (character < ' ' || character === '\u007f') return true
  return false
}

/** Lower case, without the dot; none for `.hidden` and `name.`. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : ''
}

/** As clients know it: led by the drive. */
export const fullPath = (driveId: string, { directory, name }: AssetPath) => `/${driveId}${directory}${name}`

/** `name_v2.mov` for the second version of `name.mov`. */
export function versionedName(name: string, version: number): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? `${name.slice(0, dot)}_v${version}${name.slice(dot)}` : `${name}_v${version}`
}

/** `name (2).mov`, where a name is taken. */
export function numberedName(name: string, number: number): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? `${name.slice(0, dot)} (${number})${name.slice(dot)}` : `${name} (${number})`
}
