import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { assetJobs } from '../../src/db/schema/index.ts'
import { inFewerPoints } from '../../src/features/renditions/fewer-points.ts'
import type { Waveform } from '../../src/features/renditions/renditions.schemas.ts'
import type { JobState } from '../../src/model/job-names.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { addRendition } from '../support/renditions.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

const waveform = (data: readonly number[], samplesPerPoint = 480): Waveform => ({ version: 2, channels: 1, sample_rate: 48_000, samples_per_pixel: samplesPerPoint, bits: 8, length: data.length / 2, data: [...data] })
const sixPoints = waveform([-1, 1, -5, 2, 0, 9, -3, 3, -128, 127, -2, 4])

async function setting() {
  const drive = await api.drive()
  const viewer = await drive.member(roles.VIEWER)
  const id = await drive.asset({ name: 'Überfahrt.mov' })
  const made = await addRendition(api, { driveId: drive.driveId, assetId: id, kind: 'waveform', bytes: Buffer.from(JSON.stringify(sixPoints)) })
  await addRendition(api, { driveId: drive.driveId, assetId: id, kind: 'waveform_image', bytes: Buffer.from('a PNG') })
  return { drive, viewer, id, made, get: (what = 'waveform', rest: object = {}, asset = id) => api.as(viewer)({ url: `/assets/${asset}/${what}`, ...rest }) }
}

describe('GET /assets/{asset_id}/waveform', () => {
  test('answers the peaks as they are stored', async () => {
    const { get } = await setting()
    const answer = await get()
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([200, 'application/json; charset=utf-8', 'private, max-age=0'])
    expect(answer.json()).toEqual(sixPoints)
  })

  test('has an ETag, of its own for each number of points, which answers 304', async () => {
    const { get, made } = await setting()
    for (const [query, etag] of [[{}, `"${made}"`], [{ points: '3' }, `"${made}-3"`]] as const) {
      expect((await get('waveform', { query })).headers['etag']).toBe(etag)
      const again = await get('waveform', { query, headers: { 'if-none-match': etag } })
      expect([again.statusCode, again.body]).toEqual([304, ''])
    }
    expect((await get('waveform', { headers: { 'if-none-match': `"${made}-3"` } })).statusCode).toBe(200)
  })

  test('answers ranges of what is stored and of what is resampled alike', async () => {
    const { get } = await setting()
    for (const query of [{}, { points: '2' }]) {
      const whole = await get('waveform', { query })
      const part = await get('waveform', { query, headers: { range: 'bytes=1-9' } })
      expect([part.statusCode, part.body]).toEqual([206, whole.body.slice(1, 10)])
    }
  })

  test.each([
    ['3', [-5, 2, -3, 9, -128, 127], 960],
    ['2', [-5, 9, -128, 127], 1440],
    ['1', [-128, 127], 2880],
    ['4', [-5, 2, 0, 9, -128, 127, -2, 4], 720], // begin at 0, 720, 1440 and 2160: two, one, two and one of the old
    ['6', sixPoints.data, 480],
    ['100000', sixPoints.data, 480],
  ])('in %s points keeps the lowest and the highest, and the time', async (points, data, samples) => {
    const { get } = await setting()
    expect((await get('waveform', { query: { points } })).json()).toEqual({ ...sixPoints, data: [...data], length: data.length / 2, samples_per_pixel: samples })
  })

  test.each(['0', '-1', '1.5', '', 'x', '100001', '0x10'])('refuses %j points', async (points) => {
    const { get } = await setting()
    expect((await get('waveform', { query: { points } })).json()).toMatchObject({ status: 422, detail: [{ loc: ['query', 'points'] }] })
  })

  test('in however many points: never more than asked for, none empty, and no peak lost', () => {
    const peaks = fc.array(fc.tuple(fc.integer({ min: -128, max: 0 }), fc.integer({ min: 0, max: 127 })), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(peaks, fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 2000 }), (pairs, points, samples) => {
        const whole = waveform(pairs.flat(), samples)
        const fewer = inFewerPoints(whole, points)
        expect(fewer.length).toBeLessThanOrEqual(points < whole.length ? points : whole.length)
        expect(fewer.data).toHaveLength(2 * fewer.length)
        expect(fewer.data.every(Number.isInteger)).toBe(true)
        expect([Math.min(...fewer.data), Math.max(...fewer.data)]).toEqual([Math.min(...whole.data), Math.max(...whole.data)])
        expect(fewer.length * fewer.samples_per_pixel).toBeGreaterThan((whole.length - 1) * samples)
      }),
    )
  })

  test.each([
    [undefined, 'it was not made yet'],
    ['NOT_STARTED', 'it was not made yet'],
    ['IN_PROGRESS', 'it is being made'],
    ['COMPLETED', 'the asset has no sound'],
    ['FAILED', 'making it has failed; the asset’s jobs tell why'],
  ] as const)('where there is none and its job is %s, says why', async (state: JobState | undefined, reason) => {
    const { drive, get } = await setting()
    const assetId = await drive.asset()
    const at = new Date()
    if (state) await api.db.insert(assetJobs).values({ driveId: drive.driveId, assetId, name: 'audio', state, createdAt: at, updatedAt: at })
    for (const what of ['waveform', 'waveform.png']) expect((await get(what, {}, assetId)).json()).toMatchObject({ status: 404, detail: `Waveform not found: ${reason}` })
  })

  test('an asset that is absent, foreign or in the trash is not found, and a METADATA_VIEWER may not', async () => {
    const { drive, get, id } = await setting()
    const elsewhere = await (await api.drive()).asset()
    const trashed = await drive.asset({ deletedAt: new Date(), purgeAfter: new Date() })
    const member = await drive.member(roles.METADATA_VIEWER)
    for (const what of ['waveform', 'waveform.png']) {
      for (const asset of [elsewhere, trashed, randomUUID()]) expect((await get(what, {}, asset)).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
      expect((await api.as(member)({ url: `/assets/${id}/${what}` })).statusCode).toBe(403)
    }
  })
})

test('GET /assets/{asset_id}/waveform.png leads to the picture, also for who can set no header', async () => {
  const { id, viewer } = await setting()
  const answer = await api.app.inject({ url: `/assets/${id}/waveform.png`, query: { authorization: viewer.key } })
  expect(answer.statusCode).toBe(307)
  const followed = await api.app.inject({ url: answer.headers.location ?? '' })
  expect([followed.statusCode, followed.headers['content-type'], followed.body]).toEqual([200, 'image/png', 'a PNG'])
  expect(followed.headers['content-disposition']).toContain("filename*=UTF-8''%C3%9Cberfahrt.png")
})
