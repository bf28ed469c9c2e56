import { randomUUID } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import type { Face, Individual } from '../../src/features/faces/faces.schemas.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
beforeAll(async () => {
  api = await startHarness()
})
afterAll(() => api.stop())

const box = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 }

/** A drive with an editor, and an asset with previews at these seconds (null: a still); its left half is red, its right half blue. */
async function room(seconds: readonly (number | null)[] = [0, 10, 20], harness: Harness = api) {
  const drive = await harness.drive()
  const editor = await drive.member(roles.EDITOR)
  const isStill = seconds.includes(null)
  const assetId = await drive.asset(isStill ? { type: 'IMAGE', extension: 'jpg' } : { durationSeconds: '30', frameRateNum: 25, frameRateDen: 1 })
  const half = { create: { width: 256, height: 288, channels: 3, background: '#0000ff' } } as const
  const bytes = await sharp({ create: { width: 512, height: 288, channels: 3, background: '#ff0000' } }).composite([{ input: half, left: 256, top: 0 }]).jpeg({ progressive: true }).toBuffer()
  const previews: string[] = []
  for (const at of seconds) {
    const [id, objectId] = [randomUUID(), randomUUID()]
    const key = `drives/${drive.driveId}/assets/${assetId}/previews/${id}.jpg`
    await harness.storage.put(key, bytes, { contentType: 'image/jpeg' })
    await harness.pool.query(`INSERT INTO objects (drive_id, id, kind, key, state, size_bytes, content_type, reference_count, created_at) VALUES ($1, $2, 'preview', $3, 'stored', $4, 'image/jpeg', 1, now())`, [drive.driveId, objectId, key, bytes.length])
    await harness.pool.query('INSERT INTO previews (drive_id, id, asset_id, object_id, frame, timestamp_seconds, width, height) VALUES ($1, $2, $3, $4, $5, $6, 512, 288)', [drive.driveId, id, assetId, objectId, (at ?? 0) * 25, at])
    previews.push(id)
  }
  const as = harness.as(editor)
  const url = `/assets/${assetId}/faces`
  const people = `/workspaces/drives/${drive.driveId}/individuals`
  return {
    ...drive, editor, assetId, previews, as, people,
    list: async () => (await as({ url, query: { drive_id: drive.driveId } })).json<Face[]>(),
    add: (payload: object) => as({ method: 'POST', url, payload: { drive_id: drive.driveId, bounding_box: box, ...payload } }),
    face: async (payload: object = {}) => {
      const answer = await as({ method: 'POST', url, payload: { drive_id: drive.driveId, bounding_box: box, ...(isStill ? {} : { preview_id: previews[0] }), ...payload } })
      if (answer.statusCode !== 200) throw new Error(answer.body)
      return answer.json<Face>()
    },
    assign: (id: string, payload: object) => as({ method: 'PUT', url: `${url}/${id}`, payload: { drive_id: drive.driveId, ...payload } }),
    remove: (id: string) => as({ method: 'DELETE', url: `${url}/${id}`, query: { drive_id: drive.driveId } }),
    individuals: async (query: Record<string, string> = {}) => (await as({ url: people, query })).json<{ items: Individual[]; next_cursor: string | null }>(),
    individual: async (id: string) => (await as({ url: `${people}/${id}` })).json<Individual>(),
    create: async (name: string) => (await as({ method: 'POST', url: people, payload: { name } })).json<Individual>(),
    change: (id: string, payload: object) => as({ method: 'PUT', url: `${people}/${id}`, payload }),
    drop: (id: string) => as({ method: 'DELETE', url: `${people}/${id}` }),
  }
}
const faultOf = (answer: { json: <T>() => T }) => answer.json<{ detail: { loc: string[]; type: string }[] }>().detail.map(({ loc, type }) => `${loc.join('.')} ${type}`)

describe('faces marked by hand', () => {
  test('stand in the asset’s list with their preview, their moment and their picture', async () => {
    const here = await room()
    expect(await here.list()).toEqual([])
    const answer = await here.add({ preview_id: here.previews[1], bounding_box: { x: 0.1, y: 0.2, width: 0.2, height: 0.3 }, individual_name: '  Ana  ' })
    const face = answer.json<Face>()
    expect(face).toEqual({
      id: expect.any(String), asset_id: here.assetId, individual_id: expect.any(String), individual_name: 'Ana', preview_id: here.previews[1], frame: 250, timestamp: 10,
      bounding_box: { x: 0.1, y: 0.2, width: 0.2, height: 0.3 }, confidence: null, source: 'manual', thumbnail_url: expect.any(String),
    })
    const cut = (await api.app.inject({ url: face.thumbnail_url ?? '' })).rawPayload
    // A quarter more on each side: 0.3 of 512 by 0.45 of 288 pixels.
    const { width = 0, height = 0, format } = await sharp(cut).metadata()
    expect([format, Math.abs(width - 154) <= 1, Math.abs(height - 130) <= 1]).toEqual(['jpeg', true, true])
    expect((await sharp(cut).stats()).dominant.r).toBeGreaterThan(200)
    const right = await here.face({ bounding_box: { x: 0.6, y: 0, width: 0.4, height: 1 } })
    expect((await sharp((await api.app.inject({ url: right.thumbnail_url ?? '' })).rawPayload).stats()).dominant.b).toBeGreaterThan(200)

    expect(await here.list()).toEqual([right, face])
    expect((await here.as({ url: `/assets/${here.assetId}`, query: { drive_id: here.driveId } })).json()).toMatchObject({ faces_present: true })
  })

  test('in a still need no more than the box; the picture is at most 256 pixels', async () => {
    const here = await room([null])
    const face = await here.face({ bounding_box: { x: 0, y: 0, width: 1, height: 1 } })
    expect(face).toMatchObject({ preview_id: here.previews[0], frame: 0, timestamp: null, individual_id: null, individual_name: null })
    const { width, height } = await sharp((await api.app.inject({ url: face.thumbnail_url ?? '' })).rawPayload).metadata()
    expect([width, height]).toEqual([256, 144])
    expect(faultOf(await here.add({ timestamp: 1 }))).toEqual(['body.timestamp conflicting'])
  })

  test('between previews have no preview, but the picture of a near one; far from all none', async () => {
    const here = await room()
    expect(await here.face({ preview_id: null, timestamp: 12.5 })).toMatchObject({ preview_id: null, frame: null, timestamp: 12.5, thumbnail_url: expect.any(String) })
    expect(await here.face({ preview_id: null, timestamp: 28 })).toMatchObject({ preview_id: null, frame: null, timestamp: 28, thumbnail_url: null })
    expect(await here.face({ preview_id: null, timestamp: 20 })).toMatchObject({ preview_id: here.previews[2], frame: 500, timestamp: 20 })
  })

  test('need a place that there is', async () => {
    const [here, there] = [await room(), await room()]
    const name = 'x'.repeat(201)
    const cases: readonly (readonly [object, string])[] = [
      [{}, 'body.preview_id missing'],
      [{ preview_id: here.previews[0], timestamp: 1 }, 'body.timestamp conflicting'],
      [{ timestamp: 31 }, 'body.timestamp range'],
      [{ timestamp: -1 }, 'body.timestamp range'],
      [{ timestamp: 1, bounding_box: { ...box, x: 0.6 } }, 'body.bounding_box range'],
      [{ timestamp: 1, bounding_box: { ...box, width: 0 } }, 'body.bounding_box.width range'],
      [{ timestamp: 1, bounding_box: { ...box, x: -0.1 } }, 'body.bounding_box.x range'],
      [{ timestamp: 1, bounding_box: undefined }, 'body.bounding_box missing'],
      [{ timestamp: 1, individual_name: name }, 'body.individual_name length'],
      [{ timestamp: 1, individual_name: ' ' }, 'body.individual_name length'],
      [{ timestamp: 1, individual_name: 'Ana', individual_id: randomUUID() }, 'body.individual_name conflicting'],
    ]
    for (const [payload, fault] of cases) {
      const answer = await here.add(payload)
      expect([payload, answer.statusCode, faultOf(answer)]).toEqual([payload, 422, [fault]])
    }
    expect((await here.add({ preview_id: there.previews[0] })).json()).toMatchObject({ status: 404, detail: 'Preview not found' })
    expect((await here.add({ timestamp: 1, individual_id: randomUUID() })).json()).toMatchObject({ status: 404, detail: 'Individual not found' })
    expect((await here.add({ timestamp: 1, individual_id: (await there.create('Ben')).id })).json()).toMatchObject({ status: 404, detail: 'Individual not found' })
    const sound = await here.asset({ type: 'AUDIO' })
    expect((await here.as({ method: 'POST', url: `/assets/${sound}/faces`, payload: { drive_id: here.driveId, bounding_box: box } })).json()).toMatchObject({ status: 422, detail: [{ type: 'state' }] })
    expect(await here.list()).toEqual([])
    // Whatever was cut out for those that found no place is gone.
    expect((await api.pool.query(`SELECT 1 FROM objects WHERE drive_id = $1 AND kind = 'face'`, [here.driveId])).rowCount).toBe(0)
  })

  test('are given to somebody else, to nobody, and removed with their picture', async () => {
    const here = await room()
    const face = await here.face({ individual_name: 'Ana' })
    const same = await here.face({ individual_name: 'Ana'.normalize('NFD') })
    expect(same.individual_id).toBe(face.individual_id)
    const ben = (await here.assign(face.id, { individual_name: 'Ben' })).json<Face>()
    expect(ben).toEqual({ ...face, individual_id: expect.any(String), individual_name: 'Ben' })
    expect((await here.assign(face.id, {})).json()).toEqual(ben)
    expect((await here.assign(face.id, { individual_id: face.individual_id })).json()).toEqual(face)
    for (const nobody of [{ individual_id: null }, { individual_name: null }, { individual_id: null, individual_name: null }]) {
      expect((await here.assign(face.id, nobody)).json()).toMatchObject({ individual_id: null, individual_name: null })
      await here.assign(face.id, { individual_name: 'Ben' })
    }
    expect((await here.assign(randomUUID(), { individual_id: null })).json()).toMatchObject({ status: 404, detail: 'Face not found' })
    expect([(await here.remove(face.id)).json(), (await here.remove(face.id)).json()]).toEqual([true, expect.objectContaining({ status: 404, detail: 'Face not found' })])
    expect((await here.list()).map(({ id }) => id)).toEqual([same.id])
    const { rows } = await api.pool.query(`SELECT reference_count AS n FROM objects WHERE drive_id = $1 AND kind = 'face' ORDER BY 1`, [here.driveId])
    expect(rows).toEqual([{ n: 0 }, { n: 1 }])
    const told = await api.pool.query<{ action: string }>('SELECT action FROM activity WHERE drive_id = $1', [here.driveId])
    expect(new Set(told.rows.map(({ action }) => action))).toEqual(new Set(['individual.created', 'face.added', 'face.updated', 'face.removed']))
  })

  test('of another asset or drive are not found; of an asset in the trash neither', async () => {
    const [here, there] = [await room(), await room()]
    const foreign = await there.face()
    expect([(await here.assign(foreign.id, {})).statusCode, (await here.remove(foreign.id)).statusCode]).toEqual([404, 404])
    const other = await here.asset()
    const own = await here.face({ individual_name: 'Ana' })
    expect((await here.as({ method: 'DELETE', url: `/assets/${other}/faces/${own.id}`, query: { drive_id: here.driveId } })).json()).toMatchObject({ detail: 'Face not found' })
    await api.pool.query('UPDATE assets SET deleted_at = now(), purge_after = now() WHERE id = $1', [here.assetId])
    expect([(await here.remove(own.id)).statusCode, (await here.as({ url: `/assets/${here.assetId}/faces`, query: { drive_id: here.driveId } })).statusCode]).toEqual([404, 404])
    expect(await here.individuals()).toMatchObject({ items: [{ name: 'Ana', face_count: 0, thumbnail_url: null }] })
  })
})

describe('individuals', () => {
  test('are listed with their faces, in pages, and by whether they have a name', async () => {
    const here = await room()
    const [ana, ben, cem] = [await here.create('Ana'), await here.create('Ben'), await here.create('Cem')]
    expect(ana).toEqual({ id: expect.any(String), name: 'Ana', face_count: 0, thumbnail_url: null, created: expect.any(String), updated: expect.any(String) })
    await here.face({ individual_id: ben.id.toUpperCase() })
    await here.face({ individual_id: ben.id })
    expect(await here.individual(ben.id)).toMatchObject({ name: 'Ben', face_count: 2, thumbnail_url: expect.stringContaining('/faces/') })
    expect((await here.change(ben.id, { name: null })).json()).toMatchObject({ id: ben.id, name: null, face_count: 2 })

    const first = await here.individuals({ limit: '2' })
    expect(first.items.map(({ id }) => id)).toEqual([ana.id, ben.id])
    const next = await here.individuals({ limit: '2', cursor: first.next_cursor ?? '' })
    expect([next.items.map(({ id }) => id), next.next_cursor]).toEqual([[cem.id], null])
    expect((await here.individuals({ named: 'true' })).items.map(({ id }) => id)).toEqual([ana.id, cem.id])
    expect((await here.individuals({ named: 'false' })).items.map(({ id }) => id)).toEqual([ben.id])
    expect((await here.as({ url: here.people, query: { named: 'yes' } })).statusCode).toBe(422)
    expect((await here.as({ url: here.people, query: { named: 'true', cursor: first.next_cursor ?? '' } })).statusCode).toBe(422)
  })

  test('are named, and all their faces with them', async () => {
    const here = await room()
    const ana = await here.create('Ana')
    await here.face({ individual_id: ana.id })
    await here.face({ individual_id: ana.id })
    expect((await here.change(ana.id, { name: ' Ana María '.normalize('NFD') })).json()).toMatchObject({ name: 'Ana María'.normalize('NFC') })
    expect((await here.list()).map((face) => face.individual_name)).toEqual(['Ana María', 'Ana María'])
    for (const payload of [{}, { name: '' }, { name: ' ' }, { name: 5 }, { name: 'x', merge_into: ana.id }, { merge_into: null }, { merge_into: 'x' }]) expect([payload, (await here.change(ana.id, payload)).statusCode]).toEqual([payload, 422])
    expect((await here.change(randomUUID(), { name: 'x' })).json()).toMatchObject({ status: 404, detail: 'Individual not found' })
  })

  test('are merged: the one gets the faces, the other is gone', async () => {
    const here = await room()
    const [ana, anna] = [await here.create('Ana'), await here.create('Anna')]
    await here.face({ individual_id: ana.id })
    await here.face({ individual_id: anna.id })
    expect((await here.change(anna.id, { merge_into: anna.id })).json()).toMatchObject({ status: 422, detail: [{ loc: ['body', 'merge_into'], type: 'conflicting' }] })
    expect((await here.change(anna.id, { merge_into: randomUUID() })).json()).toMatchObject({ status: 404, detail: 'Individual not found' })
    expect((await here.change(anna.id, { merge_into: ana.id })).json()).toMatchObject({ id: ana.id, name: 'Ana', face_count: 2 })
    expect((await here.individuals()).items.map(({ id }) => id)).toEqual([ana.id])
    expect((await here.change(anna.id, { merge_into: ana.id })).statusCode).toBe(404)
  })

  test('are deleted, and their faces are of nobody', async () => {
    const here = await room()
    const face = await here.face({ individual_name: 'Ana' })
    const id = face.individual_id ?? ''
    expect([(await here.drop(id)).json(), (await here.drop(id)).json()]).toEqual([true, expect.objectContaining({ status: 404, detail: 'Individual not found' })])
    expect(await here.list()).toEqual([{ ...face, individual_id: null, individual_name: null }])
  })

  test('of another drive are not found', async () => {
    const [here, there] = [await room(), await room()]
    const { id } = await there.create('Ana')
    const own = await here.create('Ben')
    const answers = [await here.change(id, { name: 'x' }), await here.drop(id), await here.change(own.id, { merge_into: id }), await here.as({ url: `${here.people}/${id}` })]
    expect(answers.map((each) => [each.statusCode, each.json<{ detail: string }>().detail])).toEqual(answers.map(() => [404, 'Individual not found']))
  })

  test('whom eight clients name, merge, delete and give faces to at once: no answer is a fault of ours, and the faces are somebody’s or nobody’s', async () => {
    const busy = await startHarness({ connections: 8 })
    try {
      const here = await room([null], busy)
      const faces = await Promise.all(Array.from({ length: 8 }, (_, at) => here.face({ individual_name: `P${at % 4}` })))
      expect((await here.individuals()).items).toHaveLength(4)
      const pick = <T>(list: readonly T[], at: number) => list[at % list.length] as T // lists here are never empty
      const statuses: number[] = []
      const client = async (seed: number) => {
        for (let round = 0; round < 12; round += 1) {
          const people = (await here.individuals()).items
          const at = seed * 7 + round * 5
          const one = people.length > 0 ? pick(people, at).id : randomUUID()
          const other = people.length > 0 ? pick(people, at + 1).id : randomUUID()
          const acts = [
            () => here.assign(pick(faces, at).id, { individual_name: `P${at % 5}` }),
            () => here.change(one, { merge_into: other }),
            () => here.assign(pick(faces, at + 3).id, { individual_id: other }),
            () => here.drop(one),
            () => here.add({ individual_name: `P${at % 5}` }),
            () => here.change(other, { name: `P${at % 5}` }),
          ]
          statuses.push((await pick(acts, at + round)()).statusCode)
        }
      }
      await Promise.all(Array.from({ length: 8 }, (_, seed) => client(seed)))
      expect(statuses).toHaveLength(96)
      expect([...new Set(statuses)].filter((status) => ![200, 404, 422].includes(status))).toEqual([])
      const { items } = await here.individuals()
      const owners = (await here.list()).map((face) => face.individual_id)
      expect(items.reduce((sum, { face_count }) => sum + face_count, 0)).toBe(owners.filter((each) => each !== null).length)
    } finally {
      await busy.stop()
    }
  })
})
