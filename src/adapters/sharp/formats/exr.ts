import { type Bytes, damaged, incomplete } from './bytes.ts'

const TILED = 0x200
const MULTIPART = 0x1000
const MOST_HEADER_BYTES = 1024 ** 2
const MOST_CHUNKS = 1_000_000

/** ffmpeg shows an OpenEXR file that breaks off with black lines, and says nothing: each of its chunks must lie within it. */
export async function assertWholeExr(bytes: Bytes): Promise<void> {
  const head = await bytes.read(0, Math.min(bytes.size, MOST_HEADER_BYTES))
  const flags = head.length < 8 ? 0 : head.readUInt32LE(4)
  if ((flags & MULTIPART) !== 0) return
  const tableAt = headerEnd(head)
  const first = await offsetAt(bytes, tableAt)
  const count = (first - tableAt) / 8
  if (!Number.isInteger(count) || count < 1 || count > MOST_CHUNKS) throw damaged()
  const table = await bytes.read(tableAt, count * 8)
  let last = first
  for (let at = 0; at < count; at += 1) {
    const offset = table.readUInt32LE(at * 8) + table.readUInt32LE(at * 8 + 4) * 2 ** 32
    if (offset < first) throw incomplete() // what was never written is 0
    last = Math.max(last, offset)
  }
  // Before the data stand their place, of one number or four, and their length.
  const lengthAt = last + ((flags & TILED) === 0 ? 4 : 16)
  const length = (await bytes.read(lengthAt, 4)).readUInt32LE(0)
  if (lengthAt + 4 + length > bytes.size) throw incomplete()
}

const offsetAt = async (bytes: Bytes, at: number) => Number((await bytes.read(at, 8)).readBigUInt64LE(0))

/** Attributes: a name, a type, a length, a value; an empty name ends them. */
function headerEnd(head: Buffer): number {
  let at = 8
  for (;;) {
    const nameEnd = head.indexOf(0, at)
    if (nameEnd < 0) throw incomplete()
    if (nameEnd === at) return at + 1
    const typeEnd = head.indexOf(0, nameEnd + 1)
    if (typeEnd < 0 || typeEnd + 5 > head.length) throw incomplete()
    at = typeEnd + 5 + head.readUInt32LE(typeEnd + 1)
  }
}
