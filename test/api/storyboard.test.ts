import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import type { Storyboard } from '../../src/features/renditions/renditions.schemas.ts'
import type { StoryboardFacts } from '../../src/db/schema/index.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { addRendition } from '../support/renditions.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

const sheet = Buffer.from('a JPEG')
const fiveTiles: StoryboardFacts = { columns: 3, tile: [160, 90], tiles: [[0, 0], [120, 5.005], [240, 10.01], [360, 15.015], [480, 20.02]] }

async function setting({ facts = fiveTiles, durationSeconds = '24.5' }: { facts?: StoryboardFacts; durationSeconds?: string | null } = {}) {
  const drive = await api.drive()
  const viewer = await drive.member(roles.VIEWER)
  const id = await drive.asset({ durationSeconds })
  const [columns, rows] = [facts.columns, Math.ceil(facts.tiles.length / facts.columns)]
  await addRendition(api, { driveId: drive.driveId, assetId: id, kind: 'storyboard', bytes: sheet, width: columns * facts.tile[0], height: rows * facts.tile[1], facts })
  const get = (what: string, asset = id) => api.as(viewer)({ url: `/assets/${asset}/${what}` })
  return { drive, viewer, id, get, cues: async () => (await get('storyboard.vtt')).body.split('\n\n').slice(1).map((cue) => cue.trim().split('\n')) }
}

describe('GET /assets/{asset_id}/storyboard', () => {
  test('answers the sheet with the place, the frame and the time of each tile', async () => {
    const { get } = await setting()
    const storyboard = (await get('storyboard')).json<Storyboard>()
    expect(storyboard).toMatchObject({ width: 480, height: 180, columns: 3, rows: 2, tile_width: 160, tile_height: 90 })
    expect(storyboard.tiles).toEqual([
      { frame: 0, timestamp: 0, x: 0, y: 0 },
      { frame: 120, timestamp: 5.005, x: 160, y: 0 },
      { frame: 240, timestamp: 10.01, x: 320, y: 0 },
      { frame: 360, timestamp: 15.015, x: 0, y: 90 },
      { frame: 480, timestamp: 20.02, x: 160, y: 90 },
    ])
  })

  test('its sheet is had by the link alone, as a JPEG', async () => {
    const { get } = await setting()
    const followed = await api.app.inject({ url: (await get('storyboard')).json<Storyboard>().url })
    expect([followed.statusCode, followed.headers['content-type'], followed.body]).toEqual([200, 'image/jpeg', 'a JPEG'])
  })

  test('there is none before it was made, nor of an asset that is absent, foreign or in the trash', async () => {
    const { drive, get } = await setting()
    const elsewhere = await (await api.drive()).asset()
    const bare = await drive.asset()
    const trashed = await drive.asset({ deletedAt: new Date(), purgeAfter: new Date() })
    for (const what of ['storyboard', 'storyboard.vtt']) {
      expect((await get(what, bare)).json()).toMatchObject({ status: 404, detail: 'Storyboard not found: it was not made yet' })
      for (const id of [elsewhere, trashed, randomUUID()]) expect((await get(what, id)).json()).toMatchObject({ status: 404, detail: 'Asset not found' })
    }
  })

  test('a METADATA_VIEWER may not see it', async () => {
    const { drive, id } = await setting()
    const member = await drive.member(roles.METADATA_VIEWER)
    for (const what of ['storyboard', 'storyboard.vtt']) expect((await api.as(member)({ url: `/assets/${id}/${what}` })).statusCode).toBe(403)
  })
})

describe('GET /assets/{asset_id}/storyboard.vtt', () => {
  test('has a cue for each tile, until the next one and the last until the film’s end', async () => {
    const { get, cues } = await setting()
    const answer = await get('storyboard.vtt')
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([200, 'text/vtt; charset=utf-8', 'private, max-age=300'])
    expect(answer.body.startsWith('WEBVTT\n\n')).toBe(true)
    const { url } = (await get('storyboard')).json<Storyboard>()
    expect(await cues()).toEqual([
      ['00:00:00.000 --> 00:00:05.005', `${url}#xywh=0,0,160,90`],
      ['00:00:05.005 --> 00:00:10.010', `${url}#xywh=160,0,160,90`],
      ['00:00:10.010 --> 00:00:15.015', `${url}#xywh=320,0,160,90`],
      ['00:00:15.015 --> 00:00:20.020', `${url}#xywh=0,90,160,90`],
      ['00:00:20.020 --> 00:00:24.500', `${url}#xywh=160,90,160,90`],
    ])
  })

  test('counts hours past 99, and carries what rounds up', async () => {
    const { cues } = await setting({ facts: { columns: 1, tile: [160, 90], tiles: [[0, 59.9996], [1, 360_000.25]] }, durationSeconds: '363599.9994' })
    expect((await cues()).map(([times]) => times)).toEqual(['00:01:00.000 --> 100:00:00.250', '100:00:00.250 --> 100:59:59.999'])
  })

  test.each([
    ['is not known', null, '00:00:04.000 --> 00:00:08.000'],
    ['is told to be before the last tile', '1', '00:00:04.000 --> 00:00:08.000'],
  ])('where the film’s end %s, the last tile stands as long as the one before it', async (_what, durationSeconds, last) => {
    const { cues } = await setting({ facts: { columns: 2, tile: [160, 90], tiles: [[0, 0], [100, 4]] }, durationSeconds })
    expect((await cues()).at(-1)?.[0]).toBe(last)
  })

  test('one tile is one cue, which does not end where it begins', async () => {
    const { cues } = await setting({ facts: { columns: 1, tile: [160, 90], tiles: [[0, 0]] }, durationSeconds: '0.04' })
    expect((await cues()).map(([times]) => times)).toEqual(['00:00:00.000 --> 00:00:00.040'])
  })

  test('a player that can set no header sends its credential in the query', async () => {
    const { id, viewer, drive } = await setting()
    const answer = (authorization: string) => api.app.inject({ url: `/assets/${id}/storyboard.vtt`, query: { drive_id: drive.driveId, authorization } })
    expect([(await answer(viewer.key)).statusCode, (await answer('sk_wrong')).statusCode]).toEqual([200, 401])
  })
})
