import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { assetJobs } from '../../src/db/schema/index.ts'
import type { AssetJob } from '../../src/features/asset-jobs/asset-jobs.schemas.ts'
import type { JobName, JobState } from '../../src/model/job-names.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

async function setting(given: Partial<Record<JobName, JobState>> = {}, asset: { type?: string; systemMetadata?: Record<string, string> } = {}) {
  const drive = await api.drive()
  const editor = await drive.member(roles.EDITOR)
  const id = await drive.asset(asset)
  const at = new Date()
  for (const [name, state] of Object.entries(given)) await api.db.insert(assetJobs).values({ driveId: drive.driveId, assetId: id, name, state, attempts: 5, error: 'no', createdAt: at, updatedAt: at })
  const read = async () => (await api.as(editor)({ url: `/assets/${id}/jobs` })).json<AssetJob[]>()
  return {
    drive,
    id,
    read,
    retry: (name: string, asset = id) => api.as(editor)({ method: 'POST', url: `/assets/${asset}/jobs/${name}/retry` }),
    states: async () => Object.fromEntries((await read()).map((job) => [job.name, job.state])),
    waiting: async () =>
      (await api.pool.query<{ task: string; outputs: string[] | null }>(`SELECT j.task_identifier AS task, p.payload -> 'outputs' AS outputs FROM graphile_worker.jobs j JOIN graphile_worker._private_jobs p USING (id) WHERE p.payload ->> 'asset_id' = $1`, [id])).rows,
  }
}
const sound = { systemMetadata: { audio_codec: 'aac' } }

test('metadata is looked at again', async () => {
  const { drive, id, retry, waiting } = await setting({ metadata: 'FAILED' })
  expect((await retry('metadata')).json()).toMatchObject({ name: 'metadata', state: 'NOT_STARTED', attempts: 0, error: null, progress: null })
  expect(await waiting()).toEqual([{ task: 'assets:inspect', outputs: null }])
  const { rows } = await api.pool.query(`SELECT before, after FROM activity WHERE drive_id = $1 AND asset_id = $2 AND action = 'asset.retried'`, [drive.driveId, id])
  expect(rows).toEqual([{ before: { state: 'FAILED' }, after: { job: 'metadata' } }])
})

test.each(['preview', 'color_palette', 'proxy', 'audio_proxy', 'audio'] as const)('%s alone is rendered again, and does not take the place of what else waits', async (name) => {
  const { id, drive, retry, waiting, states } = await setting({ metadata: 'COMPLETED', [name]: 'FAILED' }, sound)
  await api.pool.query(`SELECT graphile_worker.add_job('assets:render', $1::json, job_key => $2)`, [JSON.stringify({ drive_id: drive.driveId, asset_id: id, outputs: ['preview', 'proxy'] }), `render:${id}`])
  expect((await retry(name)).json()).toMatchObject({ name, state: 'NOT_STARTED', attempts: 0 })
  expect(await waiting()).toEqual([{ task: 'assets:render', outputs: ['preview', 'proxy'] }, { task: 'assets:render', outputs: [name] }])
  await retry(name) // twice is once
  expect(await waiting()).toHaveLength(2)
  expect(await states()).toEqual({ metadata: 'COMPLETED', [name]: 'NOT_STARTED' })
})

test.each(['IMAGE', 'EXR', 'HDR', 'PHOTOSHOP', 'VIDEO'])('previews and palette of %s are made again', async (type) => {
  const { retry, waiting } = await setting({ metadata: 'COMPLETED', preview: 'FAILED', color_palette: 'COMPLETED' }, { type })
  for (const name of ['preview', 'color_palette']) expect((await retry(name)).json()).toMatchObject({ name, state: 'NOT_STARTED' })
  expect((await waiting()).map(({ outputs }) => outputs)).toEqual([['preview'], ['color_palette']])
})

test('the waveform of a recording is made again', async () => {
  const { retry, waiting } = await setting({ metadata: 'COMPLETED', audio: 'FAILED' }, { type: 'AUDIO', ...sound })
  expect((await retry('audio')).json()).toMatchObject({ name: 'audio', state: 'NOT_STARTED' })
  expect(await waiting()).toEqual([{ task: 'assets:render', outputs: ['audio'] }])
})

test('how far a job is can be read, and what went wrong', async () => {
  const { drive, id, read } = await setting({ metadata: 'COMPLETED', proxy: 'IN_PROGRESS' })
  await api.pool.query(`UPDATE asset_jobs SET progress = 0.37, error = NULL, attempts = 2 WHERE drive_id = $1 AND asset_id = $2 AND name = 'proxy'`, [drive.driveId, id])
  expect((await read()).find((job) => job.name === 'proxy')).toMatchObject({ state: 'IN_PROGRESS', progress: 0.37, attempts: 2, error: null })
  expect((await read()).find((job) => job.name === 'metadata')).toMatchObject({ state: 'COMPLETED', progress: null, attempts: 5, error: 'no' })
})

test('where the look itself has failed, it is done again', async () => {
  const { retry, waiting, states } = await setting({ metadata: 'FAILED', proxy: 'FAILED', preview: 'FAILED' })
  expect((await retry('proxy')).json()).toMatchObject({ name: 'proxy', state: 'NOT_STARTED' })
  expect(await waiting()).toEqual([{ task: 'assets:inspect', outputs: null }])
  expect(await states()).toEqual({ metadata: 'NOT_STARTED', proxy: 'NOT_STARTED', preview: 'FAILED' })
})

test('one that is under way is left alone', async () => {
  const { retry, waiting } = await setting({ metadata: 'COMPLETED', proxy: 'IN_PROGRESS' })
  expect((await retry('proxy')).json()).toMatchObject({ status: 409, detail: 'This job is under way: wait for its end' })
  expect(await waiting()).toEqual([])
})

test.each([
  ['proxy', 'IMAGE', {}, 'This job does not apply to assets of type IMAGE'],
  ['preview', 'AUDIO', {}, 'This job does not apply to assets of type AUDIO'],
  ['audio_proxy', 'DOCUMENT', {}, 'This job does not apply to assets of type DOCUMENT'],
  ['audio_proxy', 'VIDEO', { video_codec: 'h264' }, 'This job does not apply to an asset without sound'],
  ['audio', 'IMAGE', {}, 'This job does not apply to assets of type IMAGE'],
  ['audio', 'VIDEO', { video_codec: 'h264' }, 'This job does not apply to an asset without sound'],
  ['color_palette', 'AUDIO', { audio_codec: 'aac' }, 'This job does not apply to assets of type AUDIO'],
  ['color_palette', 'DOCUMENT', {}, 'This job does not apply to assets of type DOCUMENT'],
  ['transcription', 'VIDEO', {}, 'Nothing is set up to do this job'],
  ['facial_recognition', 'IMAGE', {}, 'Nothing is set up to do this job'],
  ['core_vision', 'IMAGE', {}, 'Nothing is set up to do this job'],
] as const)('%s of %s %j is refused', async (name, type, systemMetadata, detail) => {
  const { retry, waiting } = await setting({ metadata: 'COMPLETED' }, { type, systemMetadata })
  expect((await retry(name)).json()).toMatchObject({ status: 409, detail })
  expect(await waiting()).toEqual([])
})

test('a word that names no job is told, with those that do', async () => {
  const { retry } = await setting()
  expect((await retry('thumbnails')).json()).toMatchObject({ status: 422, detail: [{ loc: ['path', 'name'], type: 'enum', msg: expect.stringContaining('metadata') as string }] })
})

test('an asset of another drive, in the trash, or none, is not found', async () => {
  const [{ drive, retry }, other] = [await setting(), await setting()]
  const trashed = await drive.asset({ deletedAt: new Date(), purgeAfter: new Date() })
  for (const id of [other.id, trashed, randomUUID()]) expect((await retry('metadata', id)).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
})
