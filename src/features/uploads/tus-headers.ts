import { AppError, type Fault, invalid } from '../../errors.ts'
import { type AssetPath, parseAssetPath } from '../../model/asset-path.ts'
import { MediaType } from '../../model/media-type.ts'
import { OnTaken } from '../../model/on-taken.ts'
import { type Checksum, checksumAlgorithms } from './upload-chunk.ts'

/** What an upload says of itself when it begins. */
export interface UploadOrder {
  readonly path: AssetPath
  readonly sizeBytes: number
  /** Undefined: told by the name. */
  readonly contentType: string | undefined
  readonly onConflict: OnTaken
  /** The header as it came. */
  readonly metadata: string
}

type Header = string | string[] | undefined
type Headers = Readonly<Record<string, Header>>

const metadata = ['headers', 'Upload-Metadata'] as const
/** Every HEAD answers it again; what stands between takes seldom more in a head. */
export const mostMetadata = 8192
const fault = (loc: Fault['loc'], msg: string, type: Fault['type'] = 'format') => invalid({ loc, msg, type })

export function readOrder(headers: Headers, driveId: string): UploadOrder {
  const sizeBytes = lengthIn(headers)
  const text = String(headers['upload-metadata'] ?? '')
  if (text.length > mostMetadata) throw fault([...metadata], `may have ${mostMetadata} characters`, 'length')
  const told = readMetadata(text)
  return { sizeBytes, path: pathIn(told, driveId), contentType: typeIn(told), onConflict: conflictIn(told), metadata: text }
}

function lengthIn(headers: Headers): number {
  if (headers['upload-concat'] !== undefined) throw fault(['headers', 'Upload-Concat'], 'is not offered: send the file as one upload (parallelUploads: 1)', 'conflicting')
  const length = headers['upload-length']
  const loc = ['headers', 'Upload-Length']
  if (length === undefined) throw fault(loc, headers['upload-defer-length'] === undefined ? 'is missing: how many bytes the file has' : 'is needed from the start; Upload-Defer-Length is not offered', 'missing')
  return wholeNumber(loc, length)
}

export function readOffset(header: Header): number {
  const loc = ['headers', 'Upload-Offset']
  if (header === undefined) throw fault(loc, 'is missing: where these bytes begin, as HEAD tells', 'missing')
  return wholeNumber(loc, header)
}

function wholeNumber(loc: Fault['loc'], text: Header): number {
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) throw fault(loc, 'must be a whole number of bytes')
  return Number(text)
}

/** `Upload-Checksum: sha256 <base64>`; by the protocol 400 for what the server does not know. */
export function readChecksum(header: Header): Checksum | undefined {
  if (header === undefined) return undefined
  const [algorithm = '', text = '', ...rest] = typeof header === 'string' ? header.split(' ') : []
  const digest = fromBase64(text)
  if (isAlgorithm(algorithm) && digest?.length === checksumAlgorithms[algorithm] && rest.length === 0) return { algorithm, digest }
  throw new AppError('malformed', `Upload-Checksum is one of ${Object.keys(checksumAlgorithms).join(', ')}, a space, and the digest in base64`)
}

const isAlgorithm = (name: string): name is Checksum['algorithm'] => Object.hasOwn(checksumAlgorithms, name)

/** `key base64,key base64`; of a key that comes twice the last counts. */
function readMetadata(header: string): ReadonlyMap<string, string> {
  const told = new Map<string, string>()
  for (const pair of header.split(',')) {
    const [key = '', value = '', ...rest] = pair.trim().split(' ')
    if (key === '') continue
    if (!known.has(key)) continue
    const text = rest.length === 0 ? decoded(value) : undefined
    if (text === undefined) throw fault([...metadata, key], 'must be UTF-8 in base64')
    told.set(key, text)
  }
  return told
}

/** Others are a client's own: kept, and none of our business. */
const known = new Set(['path', 'filename', 'mime_type', 'filetype', 'on_conflict'])

function decoded(value: string): string | undefined {
  const bytes = fromBase64(value)
  try {
    return bytes && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Node skips what is no base64. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') ? bytes : undefined
}

function pathIn(told: ReadonlyMap<string, string>, driveId: string): AssetPath {
  const [path, name] = [told.get('path'), told.get('filename')]
  if (path !== undefined) return parseAssetPath(path, driveId, [...metadata, 'path'])
  if (name === undefined) throw fault([...metadata, 'path'], 'is missing: `path <base64 of folder/file.mov>`', 'missing')
  if (name.includes('/')) throw fault([...metadata, 'filename'], 'is a name alone, which goes to the root; `path` names folders too')
  return parseAssetPath(name, driveId, [...metadata, 'filename'])
}

/** Browsers leave the type of what they do not know empty. */
function typeIn(told: ReadonlyMap<string, string>): string | undefined {
  const key = told.has('mime_type') ? 'mime_type' : 'filetype'
  const type = told.get(key)
  if (type === undefined || type === '') return undefined
  const media = MediaType.safeParse(type)
  if (!media.success) throw fault([...metadata, key], 'must be a media type, such as video/mp4')
  return media.data
}

function conflictIn(told: ReadonlyMap<string, string>): OnTaken {
  const choice = OnTaken.safeParse(told.get('on_conflict') ?? 'refuse')
  if (!choice.success) throw fault([...metadata, 'on_conflict'], 'must be refuse, rename or version', 'enum')
  return choice.data
}
