import { open, readFile } from 'node:fs/promises'
import { MediaError } from '../../ports/media-engine.ts'

/** What sharp is given: a path, or for a drawing the text itself. */
export type Input = string | Buffer

/** Drawings are small; one of more is a way to keep a server busy. */
const MOST_SVG_BYTES = 16 * 1024 ** 2

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

/**
 * Judges a picture by its first bytes. A drawing is handed over as text and not as a file:
 * librsvg, knowing no folder, then has nothing that links in it could lead to.
 */
export async function inputOf(source: string): Promise<Input> {
  const { head, size } = await headOf(source)
  if (size === 0) throw new MediaError('The file is empty.')
  const kind = MAGIC.find(([, pattern]) => pattern.test(head))?.[0]
  if (kind === undefined) throw new MediaError('This kind of picture is not supported.')
  if (kind === 'heic') throw new MediaError('HEIC pictures cannot be decoded here: they need a licensed decoder. Export it as JPEG.')
  if (kind !== 'svg') return source
  if (size > MOST_SVG_BYTES) throw new MediaError('The drawing is larger than allowed: more than 16 MB.')
  const drawing = await readFile(source)
  if (!drawing.subarray(0, 64 * 1024).includes('<svg')) throw new MediaError('This kind of picture is not supported.')
  return drawing
}

async function headOf(source: string) {
  const file = await open(source).catch((cause: unknown) => {
    throw new Error('The file to read is not there', { cause })
  })
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0)
    return { head: buffer.toString('latin1', 0, bytesRead), size }
  } finally {
    await file.close()
  }
}
