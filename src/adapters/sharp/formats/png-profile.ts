import { createReadStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'
import { writePieces } from './bytes.ts'

/** Signature and header: the profile comes next (PNG, third edition, §11.3.2.3). */
const HEADER_BYTES = 33
const MOST_PROFILE_BYTES = 4 * 1024 ** 2

/** Says in a PNG which colours its numbers mean. A profile that is none is left to the reader, who then takes sRGB. */
export async function addProfile(png: string, profile: Buffer, signal: AbortSignal): Promise<void> {
  if (profile.length < 128 || profile.length > MOST_PROFILE_BYTES) return
  const with_ = `${png}.profiled`
  try {
    await writePieces(with_, withChunk(png, await chunkOf(profile)), signal)
    await rename(with_, png)
  } finally {
    await rm(with_, { force: true })
  }
}

async function* withChunk(png: string, chunk: Buffer) {
  yield* createReadStream(png, { end: HEADER_BYTES - 1 })
  yield chunk
  yield* createReadStream(png, { start: HEADER_BYTES })
}

async function chunkOf(profile: Buffer): Promise<Buffer> {
  const body = Buffer.concat([Buffer.from('iCCPprofile\0\0', 'latin1'), await promisify(deflate)(profile)])
  const around = Buffer.alloc(8)
  around.writeUInt32BE(body.length - 4, 0)
  around.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)])
}
