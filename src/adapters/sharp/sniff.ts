import { open } from 'node:fs/promises'
import { unavailable } from '../../errors.ts'
import { MediaError } from '../../ports/media-engine.ts'

export interface Input {
  readonly source: string
  readonly isDrawing: boolean
}

/** Drawings are small; one of more is a way to keep a server busy. */
const MOST_SVG_BYTES = 16 * 1024 ** 2

/** Comments and declarations may come before a drawing's first tag of its own. */
const BEGINNING = 64 * 1024

const MAGIC: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['jpeg', /^\xff\xd8\xff/],
  ['png', /^\x89PNG\r\n\x1a\n/],
  ['gif', /^GIF8[79]a/],
  ['webp', /^RIFF....WEBP/s],
  ['tiff', /^(?:II[*+]\0|MM\0[*+])/],
  ['avif', /^....ftyp(?:avif|avis|mif1|msf1)/s],
  ['heic', /^....ftyp(?:heic|heix|heim|heis|hevc|hevx)/s],
  // A byte order mark and white space may come before the first tag.
  ['svg', /^(?:\xef\xbb\xbf)?\s*</],
]

/** Judges a picture by its first bytes. */
export async function inputOf(source: string): Promise<Input> {
  const { head, beginning, size } = await headOf(source)
  if (size === 0) throw new MediaError('The file is empty.')
  const kind = MAGIC.find(([, pattern]) => pattern.test(head))?.[0]
  if (kind === undefined) throw new MediaError('This kind of picture is not supported.')
  if (kind === 'heic') throw new MediaError('HEIC pictures cannot be decoded here: they need a licensed decoder. Export it as JPEG.')
  if (kind !== 'svg') return { source, isDrawing: false }
  if (size > MOST_SVG_BYTES) throw new MediaError('The drawing is larger than allowed: more than 16 MB.')
  if (!beginning.includes('<svg')) throw new MediaError('This kind of picture is not supported.')
  return { source, isDrawing: true }
}

async function headOf(source: string) {
  const file = await open(source).catch((cause: unknown) => {
    throw unavailable('The file to read is not there', cause)
  })
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0)
    const beginning = buffer.toString('latin1', 0, bytesRead)
    return { head: beginning.slice(0, 1024), beginning, size }
  } finally {
    await file.close()
  }
}
