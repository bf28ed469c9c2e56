import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { S3Error } from './errors.ts'

/** Fed with the bytes of a body; says its checksum as S3 writes it. */
export interface Checksum {
  update(bytes: Buffer): void
  base64(): string
}

export const checksumPattern = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/

export function checksumOf(algorithm: string): Checksum {
  switch (algorithm) {
    case 'crc32':
      return cyclic((bytes, before) => crc32(bytes, before))
    case 'crc32c':
      return cyclic(crc32c)
    case 'sha1':
    case 'sha256':
    case 'md5': {
      const hash = createHash(algorithm)
      return { update: (bytes) => void hash.update(bytes), base64: () => hash.digest('base64') }
    }
    default:
      throw new S3Error(501, 'NotImplemented', `The double does not know ${algorithm}`)
  }
}

function cyclic(next: (bytes: Buffer, before: number) => number): Checksum {
  let value = 0
  return {
    update: (bytes) => void (value = next(bytes, value)),
    base64: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value >>> 0)
      return bytes.toString('base64')
    },
  }
}

/** Castagnoli's polynomial, reflected. */
const castagnoli = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

function crc32c(bytes: Buffer, before: number): number {
  let value = ~before
  for (const byte of bytes) value = (castagnoli[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)
  return ~value >>> 0
}
