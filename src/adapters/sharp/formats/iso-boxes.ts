import { type Bytes, damaged } from './bytes.ts'

/** A box of ISO/IEC 14496-12: its content lies from `start` to `end`. */
export interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
}

/** Of one box; a table of 4096 items has as many. */
const MOST_BOXES = 5000
const MOST_BYTES_OF_ONE = 16 * 1024 ** 2

/** The outermost boxes of a file, by their headers. */
export async function boxesOfFile(bytes: Bytes): Promise<readonly Box[]> {
  const boxes: Box[] = []
  for (let at = 0; at + 8 <= bytes.size; ) {
    const box = headed(await bytes.read(at, Math.min(16, bytes.size - at)), at, bytes.size)
    // The last may be cut off: what lies before it can be whole.
    boxes.push({ ...box, end: Math.min(box.end, bytes.size) })
    if (boxes.length > 1000) throw damaged()
    at = box.end
  }
  return boxes
}

/** The content of a box that holds tables. */
export async function contentOf(bytes: Bytes, { start, end }: Box): Promise<Buffer> {
  if (end - start > MOST_BYTES_OF_ONE) throw damaged()
  return bytes.read(start, end - start)
}

/** The boxes inside of one. */
export function boxesIn(content: Buffer, from = 0): readonly Box[] {
  const boxes: Box[] = []
  for (let at = from; at + 8 <= content.length; ) {
    const box = headed(content.subarray(at, at + 16), at, content.length)
    if (box.end > content.length || boxes.length > MOST_BOXES) throw damaged()
    boxes.push(box)
    at = box.end
  }
  return boxes
}

/** `size` stands before the type; 1 = the true one follows in eight bytes, 0 = to the end. */
function headed(head: Buffer, at: number, end: number): Box {
  const size = head.readUInt32BE(0)
  const type = head.toString('latin1', 4, 8)
  if (size === 0) return { type, start: at + 8, end }
  if (size !== 1) return sized({ type, at, size, header: 8 })
  if (head.length < 16) throw damaged()
  return sized({ type, at, size: Number(head.readBigUInt64BE(8)), header: 16 })
}

function sized({ type, at, size, header }: { readonly type: string; readonly at: number; readonly size: number; readonly header: number }): Box {
  if (size < header || !Number.isSafeInteger(at + size)) throw damaged()
  return { type, start: at + header, end: at + size }
}
