/**
 * Looks at each source of the corpus and makes of it all that an ingest makes, once with each ffmpeg at hand:
 *   node --import tsx test/corpus/corpus.ts [--ffmpeg PATH --ffprobe PATH] [--corpus FOLDER] [--only PART-OF-A-NAME] [--no-render]
 * One line for each source, and at last how many came out as `expected.ts` says.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import type { Renderable } from '../../src/features/ingest/ingest.jobs.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { renderMedia } from '../../src/features/ingest/rendering/make-renditions.ts'
import { metadataOfProbe } from '../../src/features/ingest/system-metadata.ts'
import { MediaError, type MediaEngine, type Probe } from '../../src/ports/media-engine.ts'
import { differences } from './compare.ts'
import { EXPECTED, type Expected } from './expected.ts'

const { values: options } = parseArgs({
  options: { ffmpeg: { type: 'string' }, ffprobe: { type: 'string' }, corpus: { type: 'string' }, only: { type: 'string' }, 'no-render': { type: 'boolean' } },
})
const { signal } = new AbortController()
const images = createSharp()
const work = mkdtempSync(join(tmpdir(), 'dailies-corpus-'))
process.once('exit', () => rmSync(work, { recursive: true, force: true }))

const engineOf = (paths: { readonly ffmpegPath?: string | undefined; readonly ffprobePath?: string | undefined }) => createFfmpeg({ ...paths, tempDir: join(work, 'temp'), slots: 2 })

/** The ones that npm brought are found when there is nothing on the search path. */
async function bundledEngine(): Promise<MediaEngine> {
  const path = process.env['PATH']
  process.env['PATH'] = ''
  try {
    const engine = engineOf({})
    await engine.describe()
    return engine
  } finally {
    process.env['PATH'] = path
  }
}

async function engines(): Promise<readonly MediaEngine[]> {
  if (options.ffmpeg !== undefined) return [engineOf({ ffmpegPath: options.ffmpeg, ffprobePath: options.ffprobe })]
  const found = engineOf({})
  return (await found.describe()).origin === 'bundled' ? [found] : [found, await bundledEngine()]
}

/** Made once for a folder that is given, else for this run. */
async function corpus(maker: string): Promise<string> {
  const folder = options.corpus ?? join(work, 'corpus')
  const mark = join(folder, '.made')
  if (existsSync(mark)) return folder
  execFileSync('bash', [join(import.meta.dirname, 'make-corpus.sh'), folder], { env: { ...process.env, FFMPEG: maker }, stdio: 'inherit' })
  writeFileSync(mark, '')
  return folder
}

const ofPictures = ['preview', 'color_palette', 'proxy'] as const
const ofSound = ['audio_proxy', 'audio'] as const
const outputsOf = ({ video, audio }: Probe): readonly Renderable[] => [...(video ? ofPictures : []), ...(audio ? ofSound : [])]

/** What is wrong with how a source comes out; nothing, when all is as expected. */
async function judge(media: MediaEngine, source: string, { words = {}, fails, rendersNot }: Expected): Promise<readonly string[]> {
  const probe = await outcome(() => media.probe(source, signal))
  if (fails !== undefined || 'reason' in probe) return judgeReason('looking at it', fails, 'reason' in probe ? probe.reason : undefined)
  const wrong = differences(words, metadataOfProbe(probe.value))
  return options['no-render'] ? wrong : [...wrong, ...judgeReason('rendering it', rendersNot, await renderingFails(media, source, probe.value))]
}

async function renderingFails(media: MediaEngine, source: string, probe: Probe): Promise<string | undefined> {
  const folder = join(work, 'made')
  await mkdir(folder, { recursive: true })
  const rendered = await outcome(() => renderMedia({ media, images }, { source, folder, outputs: outputsOf(probe), signal, onProgress: () => {} }))
  rmSync(folder, { recursive: true, force: true })
  return 'reason' in rendered ? rendered.reason : undefined
}

async function outcome<T>(run: () => Promise<T>): Promise<{ readonly value: T } | { readonly reason: string }> {
  try {
    return { value: await run() }
  } catch (error) {
    return { reason: error instanceof MediaError ? error.message : `[not the file’s fault] ${error instanceof Error ? error.stack : String(error)}` }
  }
}

function judgeReason(when: string, expected: string | undefined, reason: string | undefined): readonly string[] {
  if (expected === undefined) return reason === undefined ? [] : [`${when} fails: ${reason}`]
  return reason?.startsWith(expected) ? [] : [`${when} should fail with “${expected}” and ${reason === undefined ? 'does not' : `fails with “${reason}”`}`]
}

const leftOver = () => (existsSync(join(work, 'temp', 'jobs')) ? readdirSync(join(work, 'temp', 'jobs')) : []).map((name) => `${name} is left in the temporary folder`)

const found = await engines()
const folder = await corpus((await found[0]?.describe())?.ffmpeg ?? 'ffmpeg')
let right = 0
let judged = 0
for (const engine of found) {
  const { version, origin } = await engine.describe()
  console.log(`\nffmpeg ${version} (${origin})`)
  for (const expected of EXPECTED.filter(({ source }) => source.includes(options.only ?? ''))) {
    const source = join(folder, expected.source)
    if (!existsSync(source)) {
      console.log(`  left out  ${expected.source}`)
      continue
    }
    const since = Date.now()
    const wrong = [...(await judge(engine, source, expected)), ...leftOver()]
    judged += 1
    right += wrong.length === 0 ? 1 : 0
    console.log(`  ${wrong.length === 0 ? 'ok' : 'WRONG'}  ${expected.source}  ${Date.now() - since} ms${wrong.map((each) => `\n      ${each}`).join('')}`)
  }
}
console.log(`\n${right} of ${judged} as expected`)
process.exitCode = right === judged && judged > 0 ? 0 : 1
