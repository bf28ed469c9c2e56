import { invalid } from '../errors.ts'

/** Where an asset lies in its drive: `directory` from the root with a slash at both ends, both in NFC. */
export interface AssetPath {
  readonly directory: string
  readonly name: string
}

const longestName = 1000
/** In bytes, directory and name together: what an index entry over both may hold. */
export const longestPath = 2000

/** What `numberedName` and `versionedName` may add to a name that has all its bytes already: such assets must be found as well. */
const numberBytes = 16

/** Reads where something is to lie, as clients send it: bare (`folder/file.mov`, `/folder/file.mov`) or led by the drive's id, NFC or NFD. */
export function parseAssetPath(text: string, driveId: string, loc: readonly (string | number)[] = ['query', 'path']): AssetPath {
  const path = readPath(text, driveId, loc)
  if (isLongerBy(0, path)) throw tooLong(loc)
  return path
}

/** The same of where something may lie already, perhaps under a name that we have numbered. */
export function parseKnownPath(text: string, driveId: string): AssetPath {
  const loc = ['query', 'path']
  const path = readPath(text, driveId, loc)
  if (isLongerBy(numberBytes, path)) throw tooLong(loc)
  return path
}

const tooLong = (loc: readonly (string | number)[]) => invalid({ loc, msg: `A name may have ${longestName} bytes, a path ${longestPath}`, type: 'length' })

function readPath(text: string, driveId: string, loc: readonly (string | number)[]): AssetPath {
  const segments = segmentsOf(text, driveId)
  const fault = faultIn(segments)
  if (fault !== undefined) throw invalid({ loc, msg: fault, type: 'format' })
  const folders = segments.slice(0, -1)
  return { directory: folders.length === 0 ? '/' : `/${folders.join('/')}/`, name: segments.at(-1) ?? '' }
}

/**
 * Reads where a folder lies, as an asset's `directory`: `/` or `/folder/sub/`. Clients send it bare or led by the drive's id, with a slash at its end or
 * without, NFC or NFD.
 */
export function parseFolderPath(text: string, driveId: string, loc: readonly (string | number)[] = ['query', 'path']): string {
  if (text === '' || text === '/') return '/'
  const segments = segmentsOf(text.replace(/\/$/, ''), driveId)
  if (segments.length === 0) return '/'
  const fault = segments.includes('') ? 'A path has no empty segments' : faultIn(segments)
  if (fault !== undefined) throw invalid({ loc, msg: fault, type: 'format' })
  const directory = `/${segments.join('/')}/`
  if (Buffer.byteLength(directory) > longestPath || segments.some((each) => Buffer.byteLength(each) > longestName))
    throw tooLong(loc)
  return directory
}

/** What comes after everything below a directory, by bytes: `0` follows the slash. So `directory <= x < endOf(directory)` holds for what is in it, at any depth. */
export const endOf = (directory: string) => `${directory.slice(0, -1)}0`

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

function isLongerBy(bytes: number, { directory, name }: AssetPath): boolean {
  const nameBytes = Buffer.byteLength(name)
  return nameBytes > longestName + bytes || Buffer.byteLength(directory) + nameBytes > longestPath + bytes
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

/** A folder as clients know it: led by the drive, without a slash at its end. */
export const fullFolderPath = (driveId: string, directory: string) => `/${driveId}${directory.slice(0, -1)}`

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

/** The name itself, or the first of its numbered ones that is free. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name
  let number = 2
  while (isTaken(numberedName(name, number))) number += 1
  return numberedName(name, number)
}

/** What `numberedName` may make of a name lies from the first of these to before the second, by bytes. */
export function numberedRange(name: string): readonly [from: string, before: string] {
  const { stem } = splitName(name)
  return [`${stem} (`, `${stem} )`]
}
