import type { StillFacts } from '../../../ports/still-decoder.ts'
import { type Bytes, damaged } from './bytes.ts'

const FOOTER = 'TRUEVISION-XFILE.\0'

/** TGA has no first bytes of its own: newer files end in a signature, older ones only have a header that makes sense. */
export async function looksLikeTga(bytes: Bytes): Promise<boolean> {
  if (bytes.size < 18 + 3) return false
  if (bytes.size > 44 && (await bytes.read(bytes.size - 18, 18)).toString('latin1') === FOOTER) return true
  return isPlausible(await bytes.read(0, 18), bytes.size)
}

function isPlausible(head: Buffer, size: number): boolean {
  const [idLength, imageType, bits] = [head.readUInt8(0), head.readUInt8(2), head.readUInt8(16)]
  const area = head.readUInt16LE(12) * head.readUInt16LE(14)
  const isKnown = [1, 2, 3, 9, 10, 11].includes(imageType) && [8, 15, 16, 24, 32].includes(bits) && head.readUInt8(17) < 64 && area > 0
  const hasMap = imageType % 8 === 1
  const isMapRight = hasMap ? head[1] === 1 : head[1] === 0 && head.subarray(3, 8).every((each) => each === 0)
  // Not packed, its length follows from its header.
  const isLongEnough = imageType > 8 || size >= 18 + idLength + area * Math.ceil(bits / 8)
  return isKnown && isMapRight && isLongEnough
}

export async function readTga(bytes: Bytes): Promise<StillFacts> {
  const head = await bytes.read(0, 18)
  const [width, height] = [head.readUInt16LE(12), head.readUInt16LE(14)]
  if (width * height === 0) throw damaged()
  return { width, height, bitDepth: [15, 16].includes(head.readUInt8(16)) ? 5 : 8, colorSpace: [3, 11].includes(head.readUInt8(2)) ? 'b-w' : 'srgb' }
}
