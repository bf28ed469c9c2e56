/**
 * How long it takes to make of a film what its ingest makes, beside one bare ffmpeg command line per result (`reference.sh`), in turns: by the clock, and in
 * seconds of processor, which others who share the machine disturb less.
 * The film: a texture that a camera pans over, shapes that move across it and grain that changes from frame to frame, 1080p25, H.264 of some
 * 10 Mbit/s with B-frames, and stereo sound.   Usage: npm run bench:ingest   (FILM_SECONDS=60 ROUNDS=3 FFMPEG_PATH= FFPROBE_PATH=)
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { renderable } from '../../src/features/ingest/ingest.jobs.ts'
import { renderMedia } from '../../src/features/ingest/rendering/make-renditions.ts'

const [seconds, rounds] = [Number(process.env['FILM_SECONDS'] ?? 60), Number(process.env['ROUNDS'] ?? 3)]
const folder = mkdtempSync(join(process.env['TEMP_DIR'] ?? tmpdir(), 'dailies-ingest-'))
const film = join(folder, 'film.mp4')
const engine = createFfmpeg({ ffmpegPath: process.env['FFMPEG_PATH'], ffprobePath: process.env['FFPROBE_PATH'], tempDir: folder, slots: 1 })
const images = createSharp({ stills: engine.stills })
const { signal } = new AbortController()
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN

function makeFilm(ffmpeg: string) {
  const texture = "color=gray:s=2400x1400:r=25,trim=end_frame=1,format=gray,noise=alls=100:all_seed=7,boxblur=6:2,eq=contrast=4,format=yuv420p,loop=-1:1:0,setpts=N/25/TB"
  const shapes = `testsrc2=s=640x360:r=25,hue=H=t/3`
  const picture = `${texture},crop=1920:1080:'240+200*sin(t/3)':'160+140*cos(t/2)'[a];${shapes}[b];[a][b]overlay='640+600*sin(t/2)':'360+300*cos(t/3)',noise=alls=8:allf=t+u[v]`
  const sound = `anoisesrc=color=pink:seed=7:r=48000:a=0.4,tremolo=f=0.5,aformat=channel_layouts=mono[l];sine=f=330:r=48000,volume=0.3,aformat=channel_layouts=mono[r];[l][r]amerge=inputs=2[s]`
  execFileSync(ffmpeg, [
    ...['-v', 'error', '-y', '-filter_complex', `${picture};${sound}`, '-map', '[v]', '-map', '[s]', '-t', String(seconds)],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '10M', '-bf', '2', '-g', '50', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '192k', film],
  ]) // prettier-ignore
}

/** What the job does, with palette and the pictures of the waveform. */
const ours = async (target: string) => renderMedia({ media: engine, images }, { source: film, folder: target, outputs: renderable, signal, onProgress: () => undefined })

interface Took {
  readonly clock: number
  readonly processor: number
  /** What the reference's line for the storyboard took of it, which is a result of ours alone to some. */
  readonly storyboard: { readonly clock: number; readonly processor: number }
}

/** Of this process and of those that it has waited for: proc(5), fields 14 to 17, in hundredths of a second. */
function processorSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}

function storyboardTime(target: string) {
  const path = join(target, 'storyboard.time')
  const [clock = 0, user = 0, system = 0] = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? [] : []
  return { clock, processor: user + system }
}

async function measure(work: (target: string) => unknown): Promise<Took> {
  const target = mkdtempSync(join(folder, 'made-'))
  const [from, used] = [performance.now(), processorSeconds()]
  await work(target)
  const took = { clock: (performance.now() - from) / 1000, processor: processorSeconds() - used, storyboard: storyboardTime(target) }
  const made = readdirSync(join(target, 'previews')).length
  // Eight at least are made of ours.
  if (Math.abs(made - seconds / 5) > 1 && made !== 8) throw new Error(`There are ${made} previews of ${seconds} seconds`)
  rmSync(target, { recursive: true })
  return took
}

try {
  const { ffmpeg, ffprobe, version } = await engine.describe()
  makeFilm(ffmpeg)
  const reference = (target: string) =>
    execFileSync('bash', [join(import.meta.dirname, 'reference.sh'), film, target, String(seconds)], { env: { ...process.env, FFMPEG: ffmpeg, FFPROBE: ffprobe }, stdio: ['ignore', 'ignore', 'inherit'] })
  const took: { readonly reference: Took[]; readonly ours: Took[] } = { reference: [], ours: [] }
  for (let round = 0; round < rounds; round += 1) {
    took.reference.push(await measure(reference))
    took.ours.push(await measure(ours))
    console.error(`round ${round + 1} of ${rounds}: reference ${took.reference.at(-1)?.clock.toFixed(1)} s, ours ${took.ours.at(-1)?.clock.toFixed(1)} s`)
  }
  const megabits = (statSync(film).size * 8) / 1_000_000 / seconds
  console.log(`ffmpeg ${version}; ${seconds} s of 1080p25 at ${megabits.toFixed(1)} Mbit/s, medians of ${rounds} rounds in turns\n| | reference | ours | ratio |\n|---|---|---|---|`)
  for (const [what, name] of [['clock', 'by the clock'], ['processor', 'of processor']] as const) {
    const [reference, ours] = [median(took.reference.map((each) => each[what])), median(took.ours.map((each) => each[what]))]
    const without = median(took.reference.map((each) => each[what] - each.storyboard[what]))
    console.log(`| ${name} | ${reference.toFixed(1)} s | ${ours.toFixed(1)} s | ${(ours / reference).toFixed(2)} |`)
    console.log(`| ${name}, its storyboard left out of the reference alone | ${without.toFixed(1)} s | ${ours.toFixed(1)} s | ${(ours / without).toFixed(2)} |`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
