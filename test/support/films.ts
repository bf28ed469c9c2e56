import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'

const run = promisify(execFile)
const require = createRequire(import.meta.url)
const platform = `${process.platform}-${process.arch}`
export const bundled = (name: 'ffmpeg' | 'ffprobe') => join(dirname(createRequire(require.resolve(`@${name}-installer/${name}/package.json`)).resolve(`@${name}-installer/${platform}/package.json`)), name)

/** The static ffprobe crashes when glibc loads character-set modules into it. */
const env = { ...process.env, GCONV_PATH: '/nonexistent', LC_ALL: 'C.UTF-8' }

/** Films are made and measured with the bundled tools, whatever the engine under test uses. */
export async function ffmpeg(...args: readonly string[]): Promise<Buffer> {
  const { stdout } = await run(bundled('ffmpeg'), ['-hide_banner', '-nostdin', '-v', 'error', '-y', ...args], { env, encoding: 'buffer', maxBuffer: 64 * 1024 ** 2 })
  return stdout
}

export async function ffprobe(...args: readonly string[]): Promise<string> {
  // A tarball's ffprobe is executable for its owner alone, who runs the tests.
  return (await run(bundled('ffprobe'), ['-v', 'error', ...args], { env, maxBuffer: 64 * 1024 ** 2 })).stdout
}

/** A folder of its own for one test file, gone after it. */
export function mediaFolder(name: string) {
  const folder = mkdtempSync(join(tmpdir(), `dailies-${name}-`))
  return {
    path: (...parts: readonly string[]) => {
      const path = join(folder, ...parts)
      mkdirSync(dirname(path), { recursive: true })
      return path
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const BITS = 10
export const FILM = { width: 320, height: 180 }
/** Cells of 32 × 24 pixels along the upper edge, white for 1, the highest bit first. */
const CELL = { width: FILM.width / BITS, height: 24 }

const numberBars = Array.from({ length: BITS }, (_, bit) => {
  const x = (BITS - 1 - bit) * CELL.width
  return `drawbox=x=${x}:y=0:w=${CELL.width}:h=${CELL.height}:color=white:t=fill:enable='gt(bitand(n,${2 ** bit}),0)'`
}).join(',')

/** lavfi: a picture in which each frame shows its number, for machines as bars along the upper edge. */
export const numbered = (rate: string, seconds: number, size = FILM) =>
  `testsrc2=s=${FILM.width}x${FILM.height}:r=${rate}:d=${seconds},format=yuv420p,drawbox=x=0:y=0:w=${FILM.width}:h=${CELL.height}:color=black:t=fill,${numberBars}` +
  (size === FILM ? '' : `,scale=${size.width}:${size.height}`)
export const noise = (seconds: number) => `anoisesrc=color=pink:seed=7:r=48000:a=0.3:d=${seconds}`
export const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '20', '-pix_fmt', 'yuv420p', '-bf', '2', '-g', '48', '-sc_threshold', '0']

/** The number that a picture shows, after turning it back by `rotation` (clockwise degrees). */
export async function numberIn(picture: string | Buffer, rotation = 0): Promise<number> {
  const upright = await sharp(await sharp(picture).rotate(-rotation).toBuffer()).resize(FILM.width, FILM.height, { fit: 'fill' }).greyscale().raw().toBuffer()
  return fromBars((x, y) => upright[y * FILM.width + x] ?? 0)
}

/** The numbers that the frames of a film show, in the order in which they are shown. */
export async function numbersIn(film: string, rotation = 0): Promise<readonly number[]> {
  const turn = rotation === 90 ? 'transpose=2,' : rotation === 270 ? 'transpose=1,' : rotation === 180 ? 'hflip,vflip,' : ''
  const bars = await ffmpeg('-i', film, '-an', '-vf', `${turn}scale=${FILM.width}:${FILM.height},crop=${FILM.width}:2:0:11,scale=${BITS}:1:flags=area,format=gray`, '-vsync', 'passthrough', '-f', 'rawvideo', 'pipe:1')
  return Array.from({ length: bars.length / BITS }, (_, frame) => fromBars((x) => bars[frame * BITS + Math.floor(x / CELL.width)] ?? 0))
}

const fromBars = (lumaAt: (x: number, y: number) => number) =>
  Array.from({ length: BITS }, (_, at) => (lumaAt((at + 0.5) * CELL.width, CELL.height / 2) > 128 ? 2 ** (BITS - 1 - at) : 0)).reduce((sum, bit) => sum + bit, 0)

/** Presentation times of the film's packets in seconds, ascending. */
export async function frameTimes(film: string): Promise<readonly number[]> {
  const csv = await ffprobe('-select_streams', 'v:0', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', film)
  return csv.split('\n').filter(Boolean).map((line) => Number(line.split(',')[0])).sort((a, b) => a - b)
}
