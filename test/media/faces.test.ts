import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Pool } from 'pg'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { localScope } from '../../src/access/local-scope.ts'
import { createHttpFaceFinder } from '../../src/adapters/http-face-finder/http-face-finder.ts'
import type { Asset } from '../../src/assets/asset.schemas.ts'
import type { AssetJob } from '../../src/features/asset-jobs/asset-jobs.schemas.ts'
import type { Face, Individual } from '../../src/features/faces/faces.schemas.ts'
import { runDueJobs, startWorker } from '../../src/jobs/worker.ts'
import { parseAssetPath } from '../../src/model/asset-path.ts'
import { answerBlots, embeddingOf, type FaceFinderServer, people, startFaceFinder } from '../support/face-finder-server.ts'
import { ffmpeg } from '../support/films.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { runJob } from '../support/run-job.ts'

let finder: FaceFinderServer
let api: Harness
let workers: Pool
let folder: string
beforeAll(async () => {
  finder = await startFaceFinder()
  api = await startHarness({ connections: 4, faceFinder: createHttpFaceFinder({ url: finder.url, limitMs: 1000 }) })
  workers = api.morePool(8)
  folder = await mkdtemp(join(tmpdir(), 'dailies-faces-'))
})
afterAll(async () => {
  await workers.end()
  await api.stop()
  await finder.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => finder.answerWith(answerBlots))

type Person = keyof typeof people
interface Blot {
  readonly who: Person
  /** Of a picture of 400 × 300. */
  readonly left: number
  readonly top: number
}

/** People as discs on white. */
async function drawn(name: string, blots: readonly Blot[]): Promise<string> {
  const file = join(folder, name)
  const [width, height, radius] = [400, 300, 40]
  const pixels = Buffer.alloc(width * height * 3, 255)
  for (const { who, left, top } of blots)
    for (let y = 0; y < 2 * radius; y += 1)
      for (let x = 0; x < 2 * radius; x += 1) if (Math.hypot(x - radius, y - radius) < radius) pixels.set(people[who], ((top + y) * width + left + x) * 3)
  await sharp(pixels, { raw: { width, height, channels: 3 } }).png().toFile(file)
  return file
}

async function room(harness: Harness = api) {
  const drive = await harness.drive()
  const editor = await drive.member(roles.EDITOR)
  const as = harness.as(editor)
  const query = { drive_id: drive.driveId }
  const people = `/workspaces/drives/${drive.driveId}/individuals`
  return {
    ...drive,
    as,
    async ingest(file: string, path: string): Promise<string> {
      const { assetId } = await harness.services.ingest.file(localScope(drive.driveId), { file, path: parseAssetPath(path, drive.driveId), onConflict: 'version', signal: AbortSignal.timeout(30_000) })
      return assetId ?? ''
    },
    asset: async (id: string) => (await as({ url: `/assets/${id}`, query })).json<Asset>(),
    faces: async (id: string) => (await as({ url: `/assets/${id}/faces`, query })).json<Face[]>(),
    job: async (id: string) => (await as({ url: `/assets/${id}/jobs`, query })).json<AssetJob[]>().find(({ name }) => name === 'facial_recognition'),
    again: (id: string) => as({ method: 'POST', url: `/assets/${id}/jobs/facial_recognition/retry`, payload: query }),
    assign: async (id: string, face: string, payload: object) => (await as({ method: 'PUT', url: `/assets/${id}/faces/${face}`, payload: { ...query, ...payload } })).json<Face>(),
    individuals: async () => (await as({ url: people, query: { limit: '200' } })).json<{ items: Individual[] }>().items,
    name: (id: string, name: string) => as({ method: 'PUT', url: `${people}/${id}`, payload: { name } }),
    put: (id: string, payload: object) => as({ method: 'PUT', url: `${people}/${id}`, payload }),
  }
}
const run = (harness: Harness = api) => runDueJobs(workers, harness.handlers)
/** Retries are not waited for. */
const dueNow = () => api.pool.query(`UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_by IS NULL`)

const names: readonly Person[] = ['ana', 'ben', 'cem']

describe('with a finder', () => {
  test('three people on twelve pictures and in a film are three individuals, whose faces four jobs find at once; naming one names all its faces', async () => {
    const here = await room()
    const pictures = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const who = names.filter((_name, person) => person === at % 3 || (at % 4 === 0 && person === (at + 1) % 3))
        return { who, id: await here.ingest(await drawn(`p${at}.png`, who.map((each, place) => ({ who: each, left: 20 + place * 200 + at * 3, top: 30 + at * 5 }))), `/p${at}.png`) }
      }),
    )
    const film = join(folder, 'film.mp4')
    const boxes = `drawbox=x=40:y=40:w=80:h=80:color=red:t=fill:enable='lt(t,4)',drawbox=x=200:y=60:w=80:h=80:color=blue:t=fill:enable='gte(t,4)'`
    await ffmpeg('-f', 'lavfi', '-i', `color=c=white:s=400x240:r=25:d=8,format=rgb24,${boxes},format=yuv444p`, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10', film)
    const filmId = await here.ingest(film, '/film.mp4')

    const worker = await startWorker({ pool: workers, jobs: api.store.jobs, handlers: api.handlers, concurrency: 4, log: () => undefined })
    try {
      while ((await api.store.jobs.pending()) > 0) await pause(100)
    } finally {
      await worker.stop()
    }
    for (const { id, who } of pictures) {
      expect((await here.asset(id)).facial_recognition_job_state).toBe('COMPLETED')
      expect((await here.faces(id)).length).toBe(who.length)
    }
    const seen = await here.faces(filmId)
    const previews = (await here.asset(filmId)).preview_images
    expect(seen.length).toBe(previews.length)
    expect(seen.map((face) => face.preview_id)).toEqual(previews.map(({ id }) => id))
    expect(seen[0]).toMatchObject({ source: 'automatic', frame: 0, timestamp: 0, individual_name: null, thumbnail_url: expect.any(String) })
    expect(seen[0]?.confidence).toBeCloseTo(0.9)
    expect(new Set(seen.map((face) => face.individual_id)).size).toBe(2)

    const unnamed = await here.individuals()
    expect(unnamed.map(({ name }) => name)).toEqual([null, null, null])
    const total = pictures.reduce((sum, { who }) => sum + who.length, 0) + seen.length
    expect(unnamed.reduce((sum, { face_count }) => sum + face_count, 0)).toBe(total)
    const cut = (await api.app.inject({ url: seen[0]?.thumbnail_url ?? '' })).rawPayload
    expect((await sharp(cut).stats()).dominant.r).toBeGreaterThan(200)

    const ana = seen[0]?.individual_id ?? ''
    expect((await here.name(ana, 'Ana')).statusCode).toBe(200)
    for (const { id, who } of pictures) expect((await here.faces(id)).some((face) => face.individual_name === 'Ana')).toBe(who.includes('ana'))
    expect((await here.asset(filmId)).faces_present).toBe(true)
  }, 60_000)

  test('a real picture without faces has none, and is done', async () => {
    const here = await room()
    const id = await here.ingest('demo/stills/still.jpg', '/still.jpg')
    expect((await here.asset(id)).facial_recognition_job_state).toBe('NOT_STARTED')
    await run()
    expect(await here.asset(id)).toMatchObject({ facial_recognition_job_state: 'COMPLETED', faces_present: false })
    expect(await here.job(id)).toMatchObject({ state: 'COMPLETED', progress: 1, attempts: 1, error: null })
    const sound = await here.ingest('demo/audio/atmo.wav', '/atmo.wav')
    await run()
    expect(await here.asset(sound)).toMatchObject({ facial_recognition_job_state: 'COMPLETED' })
    expect((await here.again(sound)).statusCode).toBe(409)
  })

  test('looking again replaces what was found; what was said by hand stays', async () => {
    const here = await room()
    const id = await here.ingest(await drawn('again.png', [{ who: 'ana', left: 20, top: 40 }, { who: 'ben', left: 150, top: 40 }, { who: 'cem', left: 290, top: 40 }]), '/again.png')
    await run()
    const before = await here.faces(id)
    const of = (faces: readonly Face[], place: number) => [...faces].sort((one, other) => one.bounding_box.x - other.bounding_box.x)[place]
    const individualsBefore = (await here.individuals()).map((each) => each.id)
    expect([before.length, individualsBefore.length]).toEqual([3, 3])
    const renamed = await here.assign(id, of(before, 1)?.id ?? '', { individual_name: 'Ben by hand' })
    await here.assign(id, of(before, 2)?.id ?? '', { individual_id: null })
    const marked = (await here.as({ method: 'POST', url: `/assets/${id}/faces`, payload: { drive_id: here.driveId, bounding_box: { x: 0, y: 0.8, width: 0.1, height: 0.1 }, individual_name: 'Dora' } })).json<Face>()

    expect((await here.again(id)).statusCode).toBe(200)
    await run()
    const after = await here.faces(id)
    const automatic = after.filter((face) => face.source === 'automatic')
    expect(after.filter((face) => face.source === 'manual')).toEqual([marked])
    expect(automatic.map((face) => face.id).some((each) => before.some((old) => old.id === each))).toBe(false)
    expect([0, 1, 2].map((place) => of(automatic, place)?.individual_id)).toEqual([of(before, 0)?.individual_id, renamed.individual_id, null])
    expect(new Set((await here.individuals()).map(({ name }) => name))).toEqual(new Set([null, 'Ben by hand', 'Dora']))
    const { rows } = await api.pool.query<{ n: number; count: string }>(`SELECT reference_count AS n, count(*) FROM objects WHERE drive_id = $1 AND kind = 'face' GROUP BY 1 ORDER BY 1`, [here.driveId])
    expect(rows).toEqual([{ n: 0, count: '3' }, { n: 1, count: '4' }])
    // Each mean is of the faces that are there, however often the finder looked.
    const means = await api.pool.query(`SELECT i.centroid_count AS n, (SELECT count(*)::int FROM faces f WHERE f.individual_id = i.id AND f.embedding IS NOT NULL) AS faces FROM individuals i WHERE i.drive_id = $1`, [here.driveId])
    for (const { n, faces } of means.rows as { n: number; faces: number }[]) expect(n).toBe(faces)
  })

  test('merging two takes both faces’ mean: who is seen next is the one', async () => {
    const here = await room()
    const one = await here.ingest(await drawn('m1.png', [{ who: 'ana', left: 20, top: 40 }]), '/m1.png')
    const two = await here.ingest(await drawn('m2.png', [{ who: 'ben', left: 20, top: 40 }]), '/m2.png')
    await run()
    const [ana, ben] = [(await here.faces(one))[0]?.individual_id ?? '', (await here.faces(two))[0]?.individual_id ?? '']
    expect((await here.put(ana, { merge_into: ben })).json()).toMatchObject({ id: ben, face_count: 2 })
    const next = await here.ingest(await drawn('m3.png', [{ who: 'ana', left: 220, top: 90 }]), '/m3.png')
    await run()
    expect((await here.faces(next)).map((face) => face.individual_id)).toEqual([ben])
    expect(await here.individuals()).toHaveLength(1)
  })

  test('what is purged takes its faces out of the means; who has neither name nor face left is gone', async () => {
    const here = await room()
    const both = await here.ingest(await drawn('g1.png', [{ who: 'ana', left: 20, top: 40 }, { who: 'ben', left: 200, top: 40 }]), '/g1.png')
    const alone = await here.ingest(await drawn('g2.png', [{ who: 'ana', left: 60, top: 60 }]), '/g2.png')
    const named = await here.ingest(await drawn('g3.png', [{ who: 'cem', left: 60, top: 60 }]), '/g3.png')
    await run()
    const ana = (await here.faces(alone))[0]?.individual_id ?? ''
    const cem = (await here.faces(named))[0]?.individual_id ?? ''
    await here.name(cem, 'Cem')
    const known = async () => (await api.pool.query<{ id: string; n: number; kept: boolean }>(`SELECT id, centroid_count AS n, centroid IS NOT NULL AS kept FROM individuals WHERE drive_id = $1 ORDER BY n DESC, id`, [here.driveId])).rows
    expect((await known()).map(({ n }) => n)).toEqual([2, 1, 1])

    await api.pool.query(`UPDATE assets SET deleted_at = now() - interval '31 days', purge_after = now() - interval '1 day' WHERE id = ANY($1)`, [[both, named]])
    await runJob(api, 'trash:purge', { drive_id: here.driveId })
    expect(await known()).toEqual([{ id: ana, n: 1, kept: true }, { id: cem, n: 0, kept: false }])
    expect((await api.pool.query(`SELECT 1 FROM faces WHERE drive_id = $1`, [here.driveId])).rowCount).toBe(1)
    expect((await api.pool.query(`SELECT 1 FROM objects WHERE drive_id = $1 AND kind = 'face' AND reference_count > 0`, [here.driveId])).rowCount).toBe(1)

    await runJob(api, 'drives:purge', { drive_id: here.driveId })
    expect([(await known()).length, (await api.pool.query(`SELECT 1 FROM faces WHERE drive_id = $1`, [here.driveId])).rowCount]).toEqual([0, 0])
  })

  test('a purge waits for who writes faces of the drive just now, and an asset that was restored keeps its own', async () => {
    const here = await room()
    const id = await here.ingest(await drawn('g4.png', [{ who: 'ana', left: 20, top: 40 }]), '/g4.png')
    await run()
    const writer = await workers.connect()
    try {
      await writer.query('BEGIN')
      await writer.query(`SELECT pg_advisory_xact_lock(hashtextextended('individuals ' || $1, 0))`, [here.driveId])
      await api.pool.query(`UPDATE assets SET deleted_at = now() - interval '31 days', purge_after = now() - interval '1 day' WHERE id = $1`, [id])
      const purging = runJob(api, 'trash:purge', { drive_id: here.driveId })
      await expect.poll(async () => (await workers.query(`SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database WHERE d.datname = current_database() AND locktype = 'advisory' AND NOT granted`)).rowCount).toBe(1)
      await writer.query('UPDATE assets SET deleted_at = NULL, purge_after = NULL WHERE id = $1', [id]) // the asset is not locked while it waits
      await writer.query('COMMIT')
      await purging
    } finally {
      writer.release(true)
    }
    expect(await here.faces(id)).toHaveLength(1)
    expect((await api.pool.query(`SELECT centroid_count AS n FROM individuals WHERE drive_id = $1`, [here.driveId])).rows).toEqual([{ n: 1 }])
  })

  test('faces without an embedding are of nobody', async () => {
    const here = await room()
    finder.answerJson([{ bounding_box: { x: 0.1, y: 0.1, width: 0.2, height: 0.2 } }])
    const id = await here.ingest('demo/stills/still.jpg', '/still.jpg')
    await run()
    expect(await here.faces(id)).toEqual([expect.objectContaining({ individual_id: null, confidence: null, source: 'automatic' })])
    expect(await here.individuals()).toEqual([])
  })
})

describe('a finder that', () => {
  test('is down, slow or talks nonsense is asked again, and the job says why; in the end it fails', async () => {
    const here = await room()
    const id = await here.ingest('demo/stills/still.jpg', '/still.jpg')
    finder.answerWith((request) => void request.socket.destroy())
    await run()
    expect(await here.job(id)).toMatchObject({ state: 'NOT_STARTED', attempts: 1, error: 'The face finder cannot be reached just now' })
    finder.answerWith(() => pause(4000))
    await dueNow()
    await run()
    expect(await here.job(id)).toMatchObject({ state: 'NOT_STARTED', attempts: 2, error: 'The face finder took longer than 1 seconds' })
    finder.answerJson({ error: 'no model' })
    await api.pool.query(`UPDATE graphile_worker._private_jobs SET attempts = max_attempts - 1`)
    await dueNow()
    await run()
    expect(await here.job(id)).toMatchObject({ state: 'FAILED', error: expect.stringMatching(/^The face finder’s answer cannot be read: /) })
    expect(await here.asset(id)).toMatchObject({ preview_job_state: 'COMPLETED', facial_recognition_job_state: 'FAILED' })

    finder.answerWith(answerBlots)
    expect((await here.again(id)).statusCode).toBe(200)
    await run()
    expect(await here.job(id)).toMatchObject({ state: 'COMPLETED', error: null })
  })

  test('does not take the picture fails the job at once', async () => {
    const here = await room()
    finder.answerWith((_request, _picture, response) => void response.writeHead(422).end())
    const id = await here.ingest('demo/stills/still.jpg', '/still.jpg')
    await run()
    expect(await here.job(id)).toMatchObject({ state: 'FAILED', attempts: 1, error: 'The face finder does not take this picture (it answered 422)' })
  })

  test('has nothing to look at where there are no previews: it fails with them', async () => {
    const here = await room()
    const bytes = await readFile('demo/stills/still.jpg')
    const cut = join(folder, 'cut.jpg')
    await writeFile(cut, bytes.subarray(0, bytes.length / 2))
    const id = await here.ingest(cut, '/cut.jpg')
    await run()
    expect(await here.asset(id)).toMatchObject({ preview_job_state: 'FAILED', facial_recognition_job_state: 'FAILED' })
    expect((await here.job(id))?.error).toBe('The picture is damaged: it cannot be decoded.')
    await here.again(id)
    await run()
    expect(await here.job(id)).toMatchObject({ state: 'FAILED', error: 'There are no previews to look for faces in' })
  })

  test('still looks when the asset is deleted: nothing is kept of it', async () => {
    const here = await room()
    const id = await here.ingest('demo/stills/still.jpg', '/still.jpg')
    finder.answerWith(async (_request, _picture, response) => {
      await api.pool.query('UPDATE assets SET deleted_at = now(), purge_after = now() WHERE id = $1', [id])
      response.setHeader('content-type', 'application/json').end(JSON.stringify([{ bounding_box: { x: 0, y: 0, width: 0.5, height: 0.5 }, embedding: embeddingOf(0, 0) }]))
    })
    await run()
    expect((await api.pool.query('SELECT 1 FROM faces WHERE asset_id = $1', [id])).rowCount).toBe(0)
    expect((await api.pool.query(`SELECT 1 FROM objects WHERE drive_id = $1 AND kind = 'face' AND reference_count > 0`, [here.driveId])).rowCount).toBe(0)
    const keys: string[] = []
    for await (const { key } of api.storage.list(`drives/${here.driveId}/assets/${id}/faces/`)) keys.push(key)
    expect(keys).toEqual([])
  })
})

test('without a finder nothing is looked for, and the job counts as done', async () => {
  const plain = await startHarness()
  const pool = plain.morePool(2)
  try {
    const here = await room(plain)
    const id = await here.ingest('demo/stills/still.jpg', '/still.jpg')
    await runDueJobs(pool, plain.handlers)
    expect(await here.asset(id)).toMatchObject({ facial_recognition_job_state: 'COMPLETED', faces_present: false })
    expect((await here.again(id)).statusCode).toBe(409)
  } finally {
    await pool.end()
    await plain.stop()
  }
})
