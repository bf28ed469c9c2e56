import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32, createDeflate } from 'node:zlib'

interface Header {
  readonly width: number
  readonly height: number
  /** 0 grey, 2 RGB, 6 RGB with transparency. */
  readonly colour?: 0 | 2 | 6
  readonly isInterlaced?: boolean
}
export interface Chunk {
  readonly type: string
  readonly data: Buffer
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

export const pngOf = (chunks: readonly Chunk[]): Buffer => Buffer.concat([signature, ...chunks.map(encoded)])

export function chunksOf(png: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = signature.length; at < png.length; ) {
    const length = png.readUInt32BE(at)
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) })
    at += 12 + length
  }
  return chunks
}

export function ihdr({ width, height, colour = 6, isInterlaced = false }: Header): Chunk {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data.set([8, colour, 0, 0, isInterlaced ? 1 : 0], 8)
  return { type: 'IHDR', data }
}

/** A whole PNG of zeros, eight bits of grey: some hundred kilobytes, whatever it unfolds to. */
export async function greyOfZeros({ width, height, isInterlaced = false }: Header): Promise<Buffer> {
  const passes = isInterlaced ? adam7 : [[0, 0, 1, 1] as const]
  const bytes = passes.reduce((sum, [x, y, dx, dy]) => sum + Math.ceil((height - y) / dy) * (Math.ceil((width - x) / dx) + 1), 0)
  const data = await buffer(Readable.from(zeros(bytes)).pipe(createDeflate({ level: 1 })))
  return pngOf([ihdr({ width, height, colour: 0, isInterlaced }), { type: 'IDAT', data }, { type: 'IEND', data: Buffer.alloc(0) }])
}

function* zeros(count: number) {
  const block = Buffer.alloc(1 << 20)
  for (let left = count; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length))
}

/** First column and row, and the steps, of each pass. */
const adam7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]] as const

function encoded({ type, data }: Chunk): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const around = Buffer.alloc(8)
  around.writeUInt32BE(data.length, 0)
  around.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)])
}
