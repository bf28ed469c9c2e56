import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Pool } from 'pg'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { localScope } from '../../src/access/local-scope.ts'
import type { OnConflict } from '../../src/features/ingest/ingest.service.ts'
import { runDueJobs } from '../../src/jobs/worker.ts'
import { parseAssetPath } from '../../src/model/asset-path.ts'
import { ffmpeg } from '../support/films.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
let workers: Pool
let folder: string
beforeAll(async () => {
  api = await startHarness()
  workers = api.morePool()
  folder = await mkdtemp(join(tmpdir(), 'dailies-ingest-'))
})
afterAll(async () => {
  await workers.end()
  await api.stop()
  await rm(folder, { recursive: true, force: true })
})

const ingest = (driveId: string, file: string, path: string, onConflict: OnConflict = 'version') =>
  api.services.ingest.file(localScope(driveId), { file, path: parseAssetPath(path, driveId), onConflict, signal: AbortSignal.timeout(30_000) })

async function ingested(file: string, path: string) {
  const drive = await api.drive()
  const viewer = await drive.member(roles.DOWNLOADER)
  const { assetId } = await ingest(drive.driveId, file, path)
  await runDueJobs(workers, api.handlers)
  const get = async (url: string, query = {}) => (await api.as(viewer)({ url, query: { drive_id: drive.driveId, ...query } })).json<Record<string, unknown>>()
  return { asset: await get(`/assets/${assetId}`), jobs: await get(`/assets/${assetId}/jobs`), get, assetId, driveId: drive.driveId, viewer }
}

const states = (asset: Record<string, unknown>) => Object.fromEntries(Object.entries(asset).filter(([name]) => name.endsWith('_job_state')).map(([name, state]) => [name.replace('_job_state', ''), state]))

describe('a film', () => {
  test('becomes an asset with its metadata, previews, poster, proxy and sound', async () => {
    const { asset, jobs, get, assetId } = await ingested('demo/spots/spot_v1.mp4', '/spots/spot_v1.mp4')
    expect(asset).toMatchObject({ type: 'VIDEO', name: 'spot_v1.mp4', system_metadata: { width: 1280, height: 720, video_codec: 'h264', audio_codec: 'aac', timecode: '01:00:00:00' } })
    expect(states(asset)).toMatchObject({ metadata: 'COMPLETED', preview: 'COMPLETED', proxy: 'COMPLETED', audio_proxy: 'COMPLETED', audio: 'COMPLETED', color_palette: 'COMPLETED', facial_recognition: 'COMPLETED', transcription: 'NOT_STARTED', core_vision: 'NOT_STARTED' })
    const images = asset['preview_images'] as { frame: number; timestamp: number; signed_url: string; width: number; height: number }[]
    expect(images.length).toBeGreaterThanOrEqual(6)
    expect(new Set(images.map(({ width, height }) => `${width}x${height}`))).toEqual(new Set(['512x288']))
    expect(images.map((each) => each.frame)).toEqual([...images.map((each) => each.frame)].sort((a, b) => a - b))
    const picture = await api.app.inject({ url: images[1]?.signed_url ?? '' })
    expect([picture.statusCode, picture.headers['content-type'], picture.rawPayload.subarray(0, 2).toString('hex')]).toEqual([200, 'image/jpeg', 'ffd8'])
    expect((asset['palette'] as number[][]).length).toBeGreaterThan(1)
    expect(jobs).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'proxy', state: 'COMPLETED', progress: 1, attempts: 1, error: null })]))

    for (const [origin, head] of [['SOURCE', 'ftyp'], ['proxy', 'ftyp'], ['AUDIO_PROXY', 'ftyp'], ['PREVIEW', 'JFIF']] as const) {
      const link = (await get(`/assets/${assetId}/download`, { origin_type: origin })) as unknown as string
      const file = await api.app.inject({ url: link })
      expect([origin, file.statusCode, file.rawPayload.subarray(0, 32).includes(head)]).toEqual([origin, 200, true])
      expect(file.headers['content-disposition']).toMatch(/^attachment; filename="spot_v1\.(mp4|m4a|jpg)"$/)
    }
  })
})

test('a still becomes an asset with one preview and nothing to play', async () => {
  const { asset, get, assetId } = await ingested('demo/stills/still.jpg', '/still.jpg')
  expect(asset).toMatchObject({ type: 'IMAGE', proxy: null, audio_proxy: null })
  expect(asset['preview_images']).toEqual([expect.objectContaining({ frame: 0, timestamp: null })])
  expect(states(asset)).toMatchObject({ metadata: 'COMPLETED', preview: 'COMPLETED', proxy: 'COMPLETED', audio_proxy: 'COMPLETED', transcription: 'COMPLETED', audio: 'COMPLETED' })
  expect(await get(`/assets/${assetId}/download`, { origin_type: 'PROXY' })).toMatchObject({ status: 404, detail: 'Proxy not found' })
})

test('a film that begins in black is shown by a picture that has something to see', async () => {
  const film = join(folder, 'black-first.mp4')
  await ffmpeg('-f', 'lavfi', '-i', 'color=black:s=320x180:r=25:d=6', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=4', '-filter_complex', '[0][1]concat=n=2', '-pix_fmt', 'yuv420p', film)
  const { asset, get, assetId } = await ingested(film, '/black-first.mp4')
  expect(asset['preview_job_state']).toBe('COMPLETED')
  const link = (await get(`/assets/${assetId}/download`, { origin_type: 'PREVIEW' })) as unknown as string
  const { channels } = await sharp((await api.app.inject({ url: link })).rawPayload).stats()
  expect(Math.max(...channels.map((each) => each.stdev))).toBeGreaterThan(30)
})

test('a film whose header claims ten hours has the pictures and the length of the seconds that it is', async () => {
  const film = join(folder, 'lying.mkv')
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=4', '-pix_fmt', 'yuv420p', film)
  const bytes = await readFile(film)
  const at = bytes.indexOf(Buffer.from([0x44, 0x89, 0x88])) // Duration, an eight-byte float in milliseconds
  expect(at).toBeGreaterThan(0)
  bytes.writeDoubleBE(36_000_000, at + 3)
  await writeFile(film, bytes)
  const { asset } = await ingested(film, '/lying.mkv')
  expect(asset).toMatchObject({ preview_job_state: 'COMPLETED', system_metadata: { duration: 4, frame_count: 100 } })
  expect((asset['preview_images'] as unknown[]).length).toBeGreaterThanOrEqual(8)
})

test('a film whose sound cannot be decoded still has its pictures, and says what is wrong with the sound', async () => {
  const [film, sound] = [join(folder, 'deaf.mkv'), join(folder, 'broken.mkv')]
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=2', '-f', 'lavfi', '-i', 'sine=d=2', '-pix_fmt', 'yuv420p', '-c:a', 'flac', film)
  const bytes = await readFile(film)
  const name = bytes.indexOf('A_FLAC')
  // Its frames are then taken for those of another codec, none of which decodes.
  bytes.write('A_TTA1', name, 'latin1')
  await writeFile(sound, bytes)
  const { asset, jobs } = await ingested(sound, '/broken.mkv')
  expect(asset).toMatchObject({ type: 'VIDEO', preview_job_state: 'COMPLETED', color_palette_job_state: 'COMPLETED' })
  const failed = (jobs as unknown as { name: string; state: string; error: string | null }[]).filter((each) => each.state === 'FAILED')
  for (const { error } of failed) expect(error).toMatch(/^[A-Z].*\.$/)
})

test('music is shown by its cover', async () => {
  const [cover, music] = [join(folder, 'cover.png'), join(folder, 'music.mp3')]
  await sharp({ create: { width: 600, height: 600, channels: 3, background: '#c82828' } }).png().toFile(cover)
  await ffmpeg('-f', 'lavfi', '-i', 'sine=d=2', '-i', cover, '-map', '0', '-map', '1', '-c:v', 'copy', '-disposition:v', 'attached_pic', '-id3v2_version', '3', music)
  const { asset } = await ingested(music, '/music.mp3')
  expect(asset).toMatchObject({ type: 'AUDIO', preview_images: [{ frame: 0, timestamp: null, width: 512 }], preview_job_state: 'COMPLETED', proxy: null })
  const [[r = 0, g = 0, b = 0] = []] = asset['palette'] as number[][]
  expect(Math.hypot(r - 200, g - 40, b - 40)).toBeLessThan(8)
})

test('sound becomes an asset that can be heard', async () => {
  const { asset } = await ingested('demo/audio/atmo.wav', '/atmo.wav')
  expect(asset).toMatchObject({ type: 'AUDIO', proxy: null, audio_proxy: { id: expect.any(String) }, preview_images: [], preview_job_state: 'COMPLETED' })
})

test.each([
  ['notes.txt', 'hello', 'DOCUMENT'],
  ['scene.blend', 'BLENDER-v300', 'BLENDER'],
  ['README', 'x', 'OTHER'],
  ['data.bin', '\x00\x01\x02', 'OTHER'],
])('%s is kept as a plain file', async (name, content, type) => {
  const file = join(folder, name)
  await writeFile(file, content)
  const { asset } = await ingested(file, `/${name}`)
  expect(asset).toMatchObject({ type, preview_images: [], metadata_job_state: 'COMPLETED', preview_job_state: 'COMPLETED', proxy_job_state: 'COMPLETED' })
})

test.each([
  ['empty.mp4', '', 'The file is empty'],
  ['take.r3d', '\x00\x00\x01\x8cRED2', 'REDCODE RAW cannot be decoded here'],
  ['text.mov', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n', ''],
  ['cut.jpg', '\xff\xd8\xff\xe0', ''],
])('%s fails in plain words, and stays as a file', async (name, content, words) => {
  const file = join(folder, name)
  await writeFile(file, content, 'latin1')
  const { asset, jobs } = await ingested(file, `/${name}`)
  expect(asset).toMatchObject({ metadata_job_state: 'FAILED', preview_job_state: 'FAILED' })
  const reason = (jobs as unknown as { name: string; error: string }[]).find((each) => each.name === 'metadata')?.error ?? ''
  expect(reason).toContain(words)
  expect(reason).not.toMatch(/\/(tmp|home|var|etc)\b|0x[0-9a-f]{6}|Error:/)
})

describe('a file that comes again', () => {
  test('is skipped by size and time, and by its content where the time differs', async () => {
    const drive = await api.drive()
    const file = join(folder, 'again.txt')
    await writeFile(file, 'one')
    const first = await ingest(drive.driveId, file, '/again.txt')
    expect(first.state).toBe('uploaded')
    expect(await ingest(drive.driveId, file, '/again.txt')).toEqual({ ...first, state: 'skipped', reason: 'unchanged' })
    await utimes(file, new Date(), new Date(Date.now() - 86_400_000))
    expect(await ingest(drive.driveId, file, '/again.txt')).toEqual({ ...first, state: 'skipped', reason: 'unchanged' })
  })

  test('with other content becomes a version, a renamed one, or is left: as asked, and then is known too', async () => {
    const drive = await api.drive()
    const file = join(folder, 'changed.txt')
    const send = async (content: string, how: OnConflict) => {
      await writeFile(file, content)
      return ingest(drive.driveId, file, '/changed.txt', how)
    }
    const name = (path: string) => path.replace(`/${drive.driveId}/`, '')
    expect(name((await send('one', 'version')).path)).toBe('changed.txt')
    expect(name((await send('two!', 'version')).path)).toBe('changed_v2.txt')
    expect(name((await send('three', 'rename')).path)).toBe('changed (2).txt')
    expect(await send('four four', 'skip')).toMatchObject({ state: 'skipped', reason: 'conflict', path: `/${drive.driveId}/changed.txt` })
    expect(await send('two!', 'version')).toMatchObject({ state: 'skipped', reason: 'unchanged', path: `/${drive.driveId}/changed_v2.txt` })
  })

  test.each(['version', 'rename', 'skip'] as const)('sixteen times at once is there once (%s)', async (onConflict) => {
    const busy = await startHarness({ connections: 8 })
    try {
      const drive = await busy.drive()
      const file = join(folder, 'race.txt')
      await writeFile(file, 'race')
      const order = { file, path: parseAssetPath('/race.txt', drive.driveId), onConflict, signal: AbortSignal.timeout(30_000) }
      const results = await Promise.all(Array.from({ length: 16 }, () => busy.services.ingest.file(localScope(drive.driveId), order)))
      expect(results.filter((each) => each.state === 'uploaded')).toHaveLength(1)
      expect(new Set(results.map(({ assetId, path }) => `${assetId} ${path}`)).size).toBe(1)
      const keys: string[] = []
      for await (const { key } of busy.storage.list(`drives/${drive.driveId}/`)) keys.push(key)
      expect(keys).toHaveLength(1)
      const { rows } = await busy.pool.query('SELECT state, reference_count FROM objects WHERE drive_id = $1', [drive.driveId])
      expect(rows).toEqual([{ state: 'stored', reference_count: 1 }])
    } finally {
      await busy.stop()
    }
  })

  test('and meets another of the same name that comes at the same time is kept beside it', async () => {
    const busy = await startHarness({ connections: 4 })
    try {
      const drive = await busy.drive()
      const files = ['one', 'two'].map((content) => join(folder, `${content}.bin`))
      // Of one size, but not of one time: by both together a file counts as known.
      await Promise.all(files.map((file, at) => writeFile(file, file).then(() => utimes(file, 1_700_000_000 + at, 1_700_000_000 + at))))
      const order = { path: parseAssetPath('/same.bin', drive.driveId), onConflict: 'version', signal: AbortSignal.timeout(30_000) } as const
      const results = await Promise.all(files.map((file) => busy.services.ingest.file(localScope(drive.driveId), { ...order, file })))
      expect(results.map(({ state, path }) => [state, path]).sort()).toEqual([
        ['uploaded', `/${drive.driveId}/same.bin`],
        ['uploaded', `/${drive.driveId}/same_v2.bin`],
      ])
    } finally {
      await busy.stop()
    }
  })

  test('and was deleted, or cannot be read, fails in plain words', async () => {
    const drive = await api.drive()
    await expect(ingest(drive.driveId, join(folder, 'gone.bin'), '/gone.bin')).rejects.toThrow('It is not there any more')
    await expect(ingest(drive.driveId, folder, '/folder')).rejects.toThrow('It is no plain file')
  })
})

test('an ingest that is broken off leaves nothing that counts, and the sweep takes the rest after a day', async () => {
  const drive = await api.drive()
  const file = join(folder, 'large.bin')
  await writeFile(file, Buffer.alloc(8 << 20, 7))
  const stopped = new AbortController()
  const order = { file, path: parseAssetPath('/large.bin', drive.driveId), onConflict: 'version', signal: stopped.signal, onProgress: () => stopped.abort(new Error('stopped')) } as const
  await expect(api.services.ingest.file(localScope(drive.driveId), order)).rejects.toThrow()
  const rows = () => api.pool.query('SELECT state, reference_count FROM objects WHERE drive_id = $1', [drive.driveId]).then((result) => result.rows)
  expect(await rows()).toEqual([{ state: 'reserved', reference_count: 0 }])

  api.advance(86_400_000 + 1000)
  const sweep = api.handlers.find((each) => each.job.name === 'objects:sweep')
  await sweep?.run({}, { signal: AbortSignal.timeout(10_000), attempt: 1, isLast: false }, () => Promise.reject(new Error('unused')) as never)
  expect(await rows()).toEqual([])
  expect(await ingest(drive.driveId, file, '/large.bin')).toMatchObject({ state: 'uploaded' })
})

test('a job ends when its asset is deleted, and leaves nothing', async () => {
  const drive = await api.drive()
  const file = join(folder, 'long.mp4')
  const { ffmpeg } = await api.media.describe()
  await promisify(execFile)(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=1280x720:r=25:d=40', '-c:v', 'libx264', '-preset', 'ultrafast', '-y', file])
  const { assetId } = await ingest(drive.driveId, file, '/long.mp4')
  const rendering = runDueJobs(workers, api.handlers)
  const { rows: [begun] } = await until(
    () => api.pool.query<{ progress: number }>(`SELECT progress FROM asset_jobs WHERE asset_id = $1 AND name = 'proxy' AND progress > 0`, [assetId]),
    (result) => result.rows.length > 0,
  )
  expect(begun?.progress).toBeLessThan(1)
  await api.pool.query('UPDATE assets SET deleted_at = now(), purge_after = now() WHERE id = $1', [assetId])
  const from = performance.now()
  await rendering
  expect(performance.now() - from).toBeLessThan(4000)
  const { rows } = await api.pool.query('SELECT kind FROM objects WHERE drive_id = $1', [drive.driveId])
  expect(rows).toEqual([{ kind: 'source' }])
  expect(await readdir(join(api.folder, 'jobs'))).toEqual([])
}, 120_000)

async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    await pause(100)
  }
}
