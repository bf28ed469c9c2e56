/**
 * Real files that nobody here made: fetches Debian packages that hold some, ingests them on a server of its own, and shows what came out, each preview
 * and proxy decoded once. Needs Debian (apt-get, dpkg-deb) and the built server.
 * Usage: npm run try:real [-- FOLDER]   (FOLDER: files of your own instead)
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'

/** Package → its films, stills, sound and documents worth a try. */
const wanted: Readonly<Record<string, RegExp>> = {
  'wordpress-theme-twentytwentytwo': /videos\/birds\.mp4$|\.webp$/,
  'python3-imageio': /\.(mp4|png|jpg)$/,
  'node-opencv': /\.(mov|avi|jpg)$/,
  'forensics-samples-files': /original-files\/.*\.(mp4|avi|ogg|mp3|wav|jpe?g|png|pdf|odt)$/i,
  'golang-go4-dev': /\.heic$/,
  'golang-github-gabriel-vasile-mimetype-dev': /testdata\/[^/]+\.(3gp|avif|avi|bmp|docx|flac|flv|gif|heic|ico|jpg|m4a|mkv|mov|mp3|mp4|mxf|ogv|oga|pdf|png|psd|svg|tiff?|wav|webm|webp|xlsx)$/,
  'python3-mecavideo': /\.(ogv|avi|mp4)$/,
  'linphone-common': /\.(wav|mkv)$/,
  'janus-demos': /\.(mp4|webp)$/,
}
const perPackage = 14

const work = await mkdtemp(join(tmpdir(), 'dailies-real-'))
const films = join(work, 'films')
const environment = { ...process.env, DAILIES_HOME: join(work, 'home'), TEMP_DIR: join(work, 'temp'), PORT: String(20_000 + (process.pid % 20_000)), DEMO: 'false', DATABASE_URL: '', S3_BUCKET: '' }
const run = promisify(execFile)
const cli = async (...args: string[]) => (await run(process.execPath, ['dist/cli/main.js', '--json', ...args], { env: environment, maxBuffer: 1 << 24 }).catch((error: { stdout: string }) => error)).stdout.trim()

async function fetchFiles() {
  const packages = join(work, 'packages')
  await mkdir(packages)
  await mkdir(films)
  for (const [name, pattern] of Object.entries(wanted)) {
    try {
      execFileSync('apt-get', ['download', name], { cwd: packages, stdio: ['ignore', 'ignore', 'pipe'] })
    } catch {
      console.log(`${name} cannot be fetched here, and is left out`)
      continue
    }
    const unpacked = join(packages, name)
    execFileSync('sh', ['-c', `dpkg-deb -x ${name}_*.deb ${name}`], { cwd: packages })
    const files = execFileSync('find', [unpacked, '-type', 'f'], { encoding: 'utf8' }).split('\n').filter((file) => pattern.test(file)).sort().slice(0, perPackage)
    await mkdir(join(films, name))
    for (const [index, file] of files.entries()) await symlink(file, join(films, name, files.some((other, at) => at < index && basename(other) === basename(file)) ? `${index}-${basename(file)}` : basename(file)))
  }
}

interface Shown {
  readonly id: string
  readonly path: string
  readonly type: string
  readonly size_bytes: number
  readonly system_metadata: Readonly<Record<string, string | number | boolean | null>>
  readonly preview_images: readonly { readonly signed_url: string }[]
  readonly proxy: { readonly id: string } | null
  readonly audio_proxy: { readonly id: string } | null
}

if (process.argv[2] === undefined) await fetchFiles()
const { id: driveId } = JSON.parse(await cli('drives', 'create', 'Real')) as { id: string }
await cli('users', 'create', '--email', 'real@example.com', '--name', 'Real')
await cli('members', 'set', driveId, 'real@example.com', 'ADMIN')
const { key } = JSON.parse(await cli('keys', 'create', '--email', 'real@example.com', '--name', 'real')) as { key: string }
const began = Date.now()
const lines = (await cli('ingest', `${process.argv[2] ?? films}/`, '--drive', driveId, '--wait')).split('\n').map((line) => JSON.parse(line) as { asset_id?: string; state?: string; file?: string; error?: string })
const seconds = (Date.now() - began) / 1000

const server = spawn(process.execPath, ['dist/main.js'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
await new Promise((ready) => server.stdout.once('data', ready))
const ask = async <T>(path: string) => (await fetch(`http://127.0.0.1:${environment.PORT}${path}`, { headers: { authorization: key } })).json() as Promise<T>
const { ffmpeg, version } = await createFfmpeg({ tempDir: environment.TEMP_DIR, slots: 1 }).describe()

const faults: string[] = []
async function decodesFilm(url: string, path: string): Promise<string> {
  const { stderr } = await run(ffmpeg, ['-v', 'error', '-nostdin', '-i', url, '-f', 'null', '-'], { maxBuffer: 1 << 24 }).catch((error: { stderr: string }) => error)
  if (stderr.trim() !== '') faults.push(`${path}: ${stderr.trim().split('\n')[0]}`)
  return stderr.trim() === '' ? 'ok' : 'BROKEN'
}
async function decodesPictures(previews: Shown['preview_images'], path: string): Promise<string> {
  for (const { signed_url } of previews) {
    const { info } = await sharp(Buffer.from(await (await fetch(signed_url)).arrayBuffer()), { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true })
    if (info.width < 1) faults.push(`${path}: a preview is broken`)
  }
  return String(previews.length)
}

console.log(`\nffmpeg ${version}; ${lines.filter((line) => line.asset_id).length} files in ${seconds.toFixed(1)} s, uploads and jobs\n`)
const columns = ['file', 'type', 'picture', 'rate', 'seconds', 'codecs', 'previews', 'proxy', 'sound', 'what failed']
console.log(`| ${columns.join(' | ')} |\n|${columns.map(() => '---').join('|')}|`)
for (const { asset_id: id, state, file, error } of lines) {
  if (file === undefined) continue
  if (!id) {
    faults.push(`${file}: ${state} ${error}`)
    continue
  }
  const asset = await ask<Shown>(`/assets/${id}?drive_id=${driveId}`)
  const jobs = await ask<{ name: string; state: string; error: string | null }[]>(`/assets/${id}/jobs`)
  const stuck = jobs.filter((job) => ['preview', 'metadata', 'proxy', 'audio_proxy'].includes(job.name) && !['COMPLETED', 'FAILED'].includes(job.state))
  for (const job of stuck) faults.push(`${asset.path}: ${job.name} is ${job.state}`)
  const link = (origin: string) => ask<string>(`/assets/${id}/download?drive_id=${driveId}&origin_type=${origin}`)
  const m = asset.system_metadata
  const failed = [...new Set(jobs.filter((job) => job.state === 'FAILED').map((job) => job.error))].join('; ')
  const row = [
    asset.path.replace(`/${driveId}/`, ''),
    asset.type,
    m['width'] ? `${m['width']}×${m['height']}` : '',
    m['frame_rate'] ?? '',
    typeof m['duration'] === 'number' ? m['duration'].toFixed(2) : '',
    [m['video_codec'], m['audio_codec']].filter(Boolean).join(' '),
    await decodesPictures(asset.preview_images, asset.path),
    asset.proxy ? await decodesFilm(await link('PROXY'), asset.path) : '',
    asset.audio_proxy ? await decodesFilm(await link('AUDIO_PROXY'), asset.path) : '',
    failed,
  ]
  console.log(`| ${row.join(' | ')} |`)
}
server.kill('SIGTERM')
await new Promise((done) => server.once('exit', done))
await rm(work, { recursive: true, force: true })
for (const fault of faults) console.log(`  ${fault}`)
console.log(faults.length === 0 ? '\nEvery preview and proxy decodes' : `\n${faults.length} faults`)
process.exit(faults.length === 0 ? 0 : 1)
