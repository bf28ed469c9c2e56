import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { ffmpeg, noise, numbered, x264 } from '../support/films.ts'
import { cr3Of, exrOf, hdrOf, type Look, psdOf, tiffOf } from '../support/still-files.ts'

const PICTURES = ['jpg', 'png', 'webp', 'gif', 'tif']
const STILLS = ['nef', 'cr3', 'psd', 'exr', 'hdr', 'heic']

export const isStillPicture = (path: string) => [...PICTURES, ...STILLS].includes(path.split('.').at(-1) ?? '')

/** Small whole files, by their extension. */
export async function makeWholeFiles(folder: string): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true })
  const film = ['-f', 'lavfi', '-i', numbered('25', 1), '-f', 'lavfi', '-i', noise(1), '-shortest']
  const sound = ['-f', 'lavfi', '-i', noise(2)]
  const made: readonly (readonly [extension: string, ...args: readonly string[]])[] = [
    ['mp4', ...film, ...x264, '-c:a', 'aac', '-movflags', '+faststart'],
    ['mov', ...film, ...x264, '-c:a', 'pcm_s16le', '-timecode', '01:00:00:00'],
    ['mkv', ...film, ...x264, '-c:a', 'aac'],
    ['webm', ...film, '-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'libvorbis'],
    ['avi', ...film, '-c:v', 'mpeg4', '-c:a', 'libmp3lame'],
    ['ts', ...film, ...x264, '-c:a', 'aac'],
    ['mxf', ...film, '-c:v', 'mpeg2video', '-c:a', 'pcm_s16le', '-s', '720x576'],
    ['wav', ...sound],
    ['mp3', ...sound, '-c:a', 'libmp3lame'],
    ['flac', ...sound],
  ]
  for (const [extension, ...args] of made) await ffmpeg(...args, join(folder, `whole.${extension}`))
  const picture = sharp({ create: { width: 320, height: 200, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 40 } } })
  // sharp takes the format from the name.
  await Promise.all(PICTURES.map((extension) => picture.clone().toFile(join(folder, `whole.${extension}`))))
  for (const [extension, bytes] of Object.entries(stillFiles(await picture.clone().jpeg().toBuffer()))) writeFileSync(join(folder, `whole.${extension}`), bytes)
  copyFileSync('test/fixtures/quarters.heic', join(folder, 'whole.heic'))
  return [...made.map(([extension]) => extension), ...PICTURES, ...STILLS].map((extension) => join(folder, `whole.${extension}`))
}

function stillFiles(jpeg: Buffer) {
  const size = { width: 96, height: 64 }
  const look: Look = (x, y) => [x * 2, y * 3, (x * y) % 256]
  const light: Look = (x, y) => [x / 96, y / 64, ((x * y) % 256) / 256]
  const camera = { values: [[0x10f, 2, 'Maker'], [0x110, 2, 'Maker One'], [0x112, 3, 6]] } as const // prettier-ignore
  const shot = { values: [[0x9003, 2, '2023:03:04 05:06:07'], [0xa434, 2, '50mm f/1.4']] } as const // prettier-ignore
  const rawData = { values: [[0x100, 4, 640], [0x101, 4, 400], [0x106, 3, 32803]], blob: [0x201, 0x202, jpeg] } as const // prettier-ignore
  return {
    nef: tiffOf({ ...camera, children: [[0x8769, shot], [0x14a, rawData]] }), // prettier-ignore
    cr3: cr3Of(jpeg, [camera, shot]),
    psd: psdOf(size, look, { thumbnail: jpeg }),
    exr: exrOf(size, true, light),
    hdr: hdrOf(size, true, light),
  }
}

type Random = () => number
type Damage = (bytes: Buffer, random: Random) => Buffer

const at = (length: number, random: Random) => Math.floor(random() * length)
const someBytes = (count: number, random: Random) => Buffer.from(Array.from({ length: count }, () => at(256, random)))
const HUGE = [0xffffffff, 0x7fffffff, 0x80000000, 0x00ffffff, 0x10000000]

const DAMAGES: readonly Damage[] = [
  /** Some bytes anywhere. */
  function overwritten(bytes, random) {
    for (let left = 1 + at(60, random); left > 0; left -= 1) bytes[at(bytes.length, random)] = at(256, random)
    return bytes
  },
  /** Some bytes of the header. */
  function headless(bytes, random) {
    for (let left = 1 + at(12, random); left > 0; left -= 1) bytes[at(Math.min(bytes.length, 2048), random)] = at(256, random)
    return bytes
  },
  function cut(bytes, random) {
    return bytes.subarray(0, 1 + at(bytes.length - 1, random))
  },
  function inserted(bytes, random) {
    const where = at(bytes.length, random)
    return Buffer.concat([bytes.subarray(0, where), someBytes(1 + at(4000, random), random), bytes.subarray(where)])
  },
  function holed(bytes, random) {
    const where = at(bytes.length, random)
    return Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + 1 + at(4000, random))])
  },
  function blanked(bytes, random) {
    const where = at(bytes.length, random)
    return bytes.fill(0, where, Math.min(bytes.length, where + 1 + at(20_000, random)))
  },
  /** Numbers of 32 bits that stand for lengths and sizes more often than not, in either order of bytes. */
  function enlarged(bytes, random) {
    const last = Math.min(bytes.length, random() < 0.7 ? 1500 : bytes.length) - 4
    for (let left = 1 + at(3, random); left > 0 && last > 0; left -= 1) {
      const value = HUGE[at(HUGE.length, random)] ?? 0
      if (random() < 0.5) bytes.writeUInt32BE(value, at(last, random))
      else bytes.writeUInt32LE(value, at(last, random))
    }
    return bytes
  },
]

export interface Damaged {
  readonly name: string
  readonly path: string
}

/** As many damaged files as are wanted: the kinds and the damages in turn, and the same ones for the same random numbers. */
export function damage(whole: readonly string[], { folder, count, random }: { readonly folder: string; readonly count: number; readonly random: Random }): readonly Damaged[] {
  mkdirSync(folder, { recursive: true })
  return Array.from({ length: count }, (_, number) => {
    const source = whole[number % whole.length] ?? ''
    // By the round of kinds, so that each kind gets each damage.
    const apply = DAMAGES[(number + Math.floor(number / whole.length)) % DAMAGES.length]
    const name = `${String(number).padStart(4, '0')}-${apply?.name}.${source.split('.').at(-1)}`
    const bytes = readFileSync(source)
    writeFileSync(join(folder, name), apply ? apply(bytes, random) : bytes)
    return { name, path: join(folder, name) }
  })
}

/** A reason that the file's owner is given: a sentence or two, without paths, addresses or what only developers read. */
export const isPlainReason = (reason: string) => /^[A-Z][^\n]*\.?$/.test(reason) && !/\/[\w-]+\/|[\\[\]{}]|0x[0-9a-f]{3}|ffmpeg|ffprobe|undefined|NaN|[Ss]omething went wrong/.test(reason)
