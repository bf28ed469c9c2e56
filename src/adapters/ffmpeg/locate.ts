import { accessSync, chmodSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import type { Runner } from '../run.ts'

export interface Tools {
  readonly ffmpeg: string
  readonly ffprobe: string
  readonly version: string
  readonly origin: Origin
  /** How this version is told to keep each frame and its time: `-vsync` until 5.0, `-fps_mode` since 5.1. */
  readonly keepFrameTimes: readonly string[]
  /** Has `zscale` and `tonemap`, which bring HDR to SDR. */
  readonly canToneMap: boolean
  readonly notes: readonly string[]
}

type Origin = 'configured' | 'system' | 'bundled'

interface Wanted {
  readonly ffmpegPath?: string | undefined
  readonly ffprobePath?: string | undefined
}

/** The configured programs, else those on the search path, else the ones that npm brought. Rejects in words when none can be used. */
export async function locateTools(runner: Runner, { ffmpegPath, ffprobePath }: Wanted): Promise<Tools> {
  const chosen = ffmpegPath === undefined ? await systemOrBundled(runner) : { ...(await configured(runner, ffmpegPath)), origin: 'configured' as const, notes: [] }
  const ffprobe = ffprobePath ?? besideOrElsewhere(chosen.path, chosen.origin)
  if (ffprobe === undefined) throw new Error('No ffprobe was found: install ffmpeg, or set FFPROBE_PATH')
  await versionOf(runner, ffprobe).catch((cause: unknown) => {
    throw new Error(`${ffprobePath === undefined ? 'ffprobe' : 'FFPROBE_PATH'} could not be run: ${ffprobe}`, { cause })
  })
  const { version, knowsFpsMode } = chosen
  const canToneMap = await hasToneMapping(runner, chosen.path)
  return {
    ffmpeg: chosen.path,
    ffprobe,
    version,
    origin: chosen.origin,
    keepFrameTimes: [knowsFpsMode ? '-fps_mode' : '-vsync', 'passthrough'],
    canToneMap,
    notes: [...chosen.notes, ...(canToneMap ? [] : ['This ffmpeg has no zscale or no tonemap: HDR films are shown with their HDR colours']), ...(await runner.notes())],
  }
}

interface Version {
  readonly version: string
  readonly knowsFpsMode: boolean
}

async function configured(runner: Runner, path: string) {
  const found = await versionOf(runner, path).catch((cause: unknown) => {
    throw new Error(`FFMPEG_PATH could not be run: ${path}`, { cause })
  })
  return { path, ...found }
}

async function systemOrBundled(runner: Runner) {
  const notes: string[] = []
  const system = onSearchPath('ffmpeg')
  if (system !== undefined) {
    const found = await versionOf(runner, system).catch(() => undefined)
    if (found && (await canEncode(runner, system))) return { path: system, ...found, origin: 'system' as const, notes }
    notes.push(`The system’s ffmpeg was passed over: it ${found ? 'has no libx264' : 'could not be run'}`)
  }
  const bundled = bundledProgram('ffmpeg')
  if (bundled === undefined) throw new Error('No ffmpeg was found: install ffmpeg, or set FFMPEG_PATH')
  const found = await versionOf(runner, bundled)
  notes.push('The bundled ffmpeg is a build of 2018: newer formats may not open. Install ffmpeg 5.1 or later, or set FFMPEG_PATH')
  return { path: bundled, ...found, origin: 'bundled' as const, notes }
}

/** The ffprobe of the same installation, since the two should be of one version. */
function besideOrElsewhere(ffmpeg: string, origin: Origin): string | undefined {
  const beside = join(dirname(ffmpeg), 'ffprobe')
  if (origin !== 'bundled' && isExecutable(beside)) return beside
  return (origin === 'bundled' ? undefined : onSearchPath('ffprobe')) ?? bundledProgram('ffprobe')
}

const ASKING = { signal: new AbortController().signal, limits: { seconds: 20, fileBytes: 0 } }

/** Builds from git carry no version number, so that libavutil's decides what it understands. */
async function versionOf(runner: Runner, program: string): Promise<Version> {
  const { code, stdout } = await runner.run({ program, args: ['-version'], ...ASKING })
  const version = /^ff(?:mpeg|probe) version (\S+)/.exec(stdout)?.[1]
  const library = /^libavutil\s+(\d+)\.\s*(\d+)\./m.exec(stdout)
  if (code !== 0 || version === undefined || library === null) throw new Error(`${program} did not tell its version`)
  const [major, minor] = [Number(library[1]), Number(library[2])]
  return { version, knowsFpsMode: major > 57 || (major === 57 && minor >= 28) }
}

/** Some distributions leave libx264 out; without it there are no proxies. */
async function canEncode(runner: Runner, program: string): Promise<boolean> {
  const { stdout } = await runner.run({ program, args: ['-hide_banner', '-encoders'], ...ASKING })
  return /^ V\S+ libx264 /m.test(stdout)
}

async function hasToneMapping(runner: Runner, program: string): Promise<boolean> {
  const { stdout } = await runner.run({ program, args: ['-hide_banner', '-filters'], ...ASKING })
  return ['zscale', 'tonemap'].every((name) => new RegExp(`^ \\S+ ${name} `, 'm').test(stdout))
}

function onSearchPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.filter(Boolean).map((folder) => join(folder, name)).find(isExecutable)
}

/** Found by file and not by loading the package, whose own search throws strings and reads the environment. */
function bundledProgram(name: 'ffmpeg' | 'ffprobe'): string | undefined {
  const folder = packageFolder(`@${name}-installer/${name}`, `@${name}-installer/${process.platform}-${process.arch}`)
  const path = folder && join(folder, process.platform === 'win32' ? `${name}.exe` : name)
  if (path === undefined || !existsSync(path)) return undefined
  try {
    // npm does not run install scripts any more, and the tarball's ffprobe is executable for its owner alone.
    if (!isExecutable(path)) chmodSync(path, 0o755)
  } catch {
    // The package is somebody else's: that it could not be run is said when it is tried.
  }
  return path
}

function packageFolder(name: string, platform: string): string | undefined {
  try {
    const inside = createRequire(createRequire(import.meta.url).resolve(`${name}/package.json`))
    return dirname(inside.resolve(`${platform}/package.json`))
  } catch {
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
