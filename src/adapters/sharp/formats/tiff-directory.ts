import { type Bytes, damaged } from './bytes.ts'

/** One directory of TIFF 6.0 (EXIF and most camera raws are such): what stands under a tag's number. */
export interface Directory {
  readonly tags: ReadonlySet<number>
  /** Whole numbers, at most `MOST_NUMBERS`; none where the tag is not there or holds something else. */
  numbers(tag: number): Promise<readonly number[]>
  text(tag: number): Promise<string | null>
  /** Where the value lies, from the start of the TIFF. */
  place(tag: number): { readonly offset: number; readonly length: number } | null
  /** Of the directory after it; 0 = none. */
  readonly next: number
}

export interface Tiff {
  readonly bytes: Bytes
  readonly first: number
  directory(offset: number): Promise<Directory>
}

const BYTES_OF_TYPE: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4 }
const MOST_TAGS = 1000
const MOST_NUMBERS = 64
const MOST_TEXT = 1024
/** 42 is TIFF's own; Panasonic and Olympus write words of theirs. */
const MAGIC = new Set([42, 0x55, 0x4f52, 0x5352])

interface Entry {
  readonly type: number
  readonly count: number
  readonly offset: number
}

/** Offsets count from the start of `bytes`. */
export async function openTiff(bytes: Bytes): Promise<Tiff> {
  const head = await bytes.read(0, 8)
  const order = head.toString('latin1', 0, 2)
  if (order !== 'II' && order !== 'MM') throw damaged()
  const numbers = readingOf(order === 'II')
  if (!MAGIC.has(numbers.word(head, 2))) throw damaged()
  return { bytes, first: numbers.long(head, 4), directory: (offset) => readDirectory({ bytes, ...numbers }, offset) }
}

/** A directory without a head of its own, as some makers' notes have. */
export const bareDirectory = (bytes: Bytes, offset: number, isLittleEndian: boolean) => readDirectory({ bytes, ...readingOf(isLittleEndian) }, offset)

const readingOf = (isLittleEndian: boolean) => ({
  word: (buffer: Buffer, at: number) => (isLittleEndian ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at)),
  long: (buffer: Buffer, at: number) => (isLittleEndian ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at)),
})
type Reading = ReturnType<typeof readingOf> & { readonly bytes: Bytes }

async function readDirectory({ bytes, word, long }: Reading, start: number): Promise<Directory> {
  const count = word(await bytes.read(start, 2), 0)
  if (count === 0 || count > MOST_TAGS) throw damaged()
  const table = await bytes.read(start + 2, count * 12)
  const entries = new Map<number, Entry>()
  for (let at = 0; at < table.length; at += 12) {
    const [type, length] = [word(table, at + 2), long(table, at + 4)]
    const size = (BYTES_OF_TYPE[type] ?? 0) * length
    if (size > 0) entries.set(word(table, at), { type, count: length, offset: size <= 4 ? start + 2 + at + 8 : long(table, at + 8) })
  }
  const next = start + 2 + table.length + 4 <= bytes.size ? long(await bytes.read(start + 2 + table.length, 4), 0) : 0
  return {
    tags: new Set(entries.keys()),
    next,
    async numbers(tag) {
      const entry = entries.get(tag)
      const size = BYTES_OF_TYPE[entry?.type ?? 0] ?? 0
      if (!entry || ![1, 3, 4, 7, 13].includes(entry.type)) return []
      const read = size === 1 ? (buffer: Buffer, at: number) => buffer.readUInt8(at) : size === 2 ? word : long
      const buffer = await bytes.read(entry.offset, Math.min(entry.count, MOST_NUMBERS) * size)
      return Array.from({ length: buffer.length / size }, (_, at) => read(buffer, at * size))
    },
    async text(tag) {
      const entry = entries.get(tag)
      if (!entry || ![2, 7, 129].includes(entry.type)) return null
      const raw = await bytes.read(entry.offset, Math.min(entry.count, MOST_TEXT))
      const end = raw.indexOf(0)
      return printable(raw.subarray(0, end < 0 ? raw.length : end).toString('utf8'))
    },
    place(tag) {
      const entry = entries.get(tag)
      return entry ? { offset: entry.offset, length: (BYTES_OF_TYPE[entry.type] ?? 0) * entry.count } : null
    },
  }
}

const MOST_SHOWN = 200
/** A cut may leave half a character of two units, which no database takes. */
const shortened = (text: string) => text.slice(0, MOST_SHOWN).toWellFormed().replace(/\uFFFD$/, '')

/** Cameras fill up with blanks; control characters and what is no UTF-8 fit no database and no screen. */
export function printable(text: string): string | null {
  const clean = shortened(text.replaceAll(/[\p{Cc}\p{Cs}\uFFFD]/gu, ' ').replaceAll(/\s+/g, ' ').trim())
  return clean === '' ? null : clean
}
