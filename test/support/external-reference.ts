import { readFileSync, writeFileSync } from 'node:fs'

/** A MOV whose film is said to lie in another file: the data reference of its first track becomes a Macintosh alias (QuickTime File Format, "dref"). */
export function writeExternalReference(from: string, to: string, foreign: string) {
  const path = Buffer.from(foreign.length % 2 ? `${foreign}\0` : foreign, 'latin1')
  const name = foreign.split('/').at(-1) ?? ''
  const alias = Buffer.concat([
    Buffer.alloc(10),
    pascal('', 28),
    Buffer.alloc(12),
    pascal(name, 64),
    Buffer.alloc(16),
    Buffer.from([0, 1, 0, 1]), // levels up from the alias and down to the target
    Buffer.alloc(16),
    uint16(2), // an absolute path follows
    uint16(path.length),
    path,
    uint16(0xffff),
    uint16(0),
  ])
  replaceDataReference(from, to, box('alis', Buffer.concat([Buffer.alloc(4), alias])))
}

/** The same with another kind of reference, which is a box. */
export function replaceDataReference(from: string, to: string, entry: Buffer) {
  const film = readFileSync(from)
  const dref = box('dref', Buffer.concat([Buffer.alloc(4), Buffer.from([0, 0, 0, 1]), entry]))
  const at = film.indexOf('dref') - 4
  const old = film.readUInt32BE(at)
  const grown = Buffer.concat([film.subarray(0, at), dref, film.subarray(at + old)])
  // The index stands at the end, so that only the boxes around the reference grow.
  for (const type of ['moov', 'trak', 'mdia', 'minf', 'dinf']) {
    const around = film.lastIndexOf(type, at) - 4
    grown.writeUInt32BE(film.readUInt32BE(around) + dref.length - old, around)
  }
  writeFileSync(to, grown)
}

const uint16 = (value: number) => Buffer.from([value >> 8, value & 255])

function pascal(text: string, length: number): Buffer {
  const field = Buffer.alloc(length)
  field[0] = text.length
  field.write(text, 1, 'latin1')
  return field
}

export function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(content.length + 8)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, content])
}
