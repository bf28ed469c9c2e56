import { describe, expect, test } from 'vitest'
import { overlapOf } from '../../src/features/faces/face-box.ts'
import { createFaceGroups } from '../../src/features/faces/face-groups.ts'
import { mergedMean, noMean, unitOf, withFace, withoutFace } from '../../src/features/faces/face-means.ts'
import { spotOf } from '../../src/features/faces/face-spot.ts'

const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 9) as number)

describe('a mean of faces', () => {
  const [one, two, three] = [[1, 0], [0, 1], [0.6, 0.8]]
  test('is the same whichever way the faces came, and without them is none', () => {
    const all = [one, two, three].reduce(withFace, noMean)
    expect(all).toEqual({ centroid: near([1.6 / 3, 1.8 / 3]), count: 3 })
    expect(withoutFace(all, two)).toEqual({ centroid: near([0.8, 0.4]), count: 2 })
    expect([two, one, three].reduce(withoutFace, all)).toEqual(noMean)
    expect(withoutFace(noMean, one)).toEqual(noMean)
  })
  test('of two, merged, weighs each by its faces', () => {
    const [left, right] = [[one, three].reduce(withFace, noMean), [two].reduce(withFace, noMean)]
    expect(mergedMean(left, right)).toEqual({ centroid: near([1.6 / 3, 1.8 / 3]), count: 3 })
    expect([mergedMean(left, noMean), mergedMean(noMean, right), mergedMean(noMean, noMean)]).toEqual([left, right, noMean])
  })
  test('takes nothing of another finder, whose embeddings are of another length', () => {
    const mean = withFace(noMean, one)
    expect([withFace(mean, [1, 0, 0]), withoutFace(mean, [1, 0, 0]), mergedMean(mean, { centroid: [1, 0, 0], count: 5 }), mergedMean(mean, { centroid: [1, 0, 0], count: 1 })]).toEqual([mean, mean, { centroid: [1, 0, 0], count: 5 }, mean])
  })
})

test('a direction has length 1; what points nowhere has none', () => {
  expect(unitOf([3, 4])).toEqual(near([0.6, 0.8]))
  expect([unitOf([0, 0]), unitOf([])]).toEqual([null, null])
})

test('boxes overlap by the share of what both cover', () => {
  const box = { x: 0.2, y: 0.2, width: 0.2, height: 0.2 }
  expect(overlapOf(box, box)).toBeCloseTo(1)
  expect(overlapOf(box, { ...box, x: 0.3 })).toBeCloseTo(1 / 3)
  expect(overlapOf(box, { ...box, x: 0.5 })).toBe(0)
  expect(overlapOf(box, { x: 0.25, y: 0.25, width: 0.1, height: 0.1 })).toBeCloseTo(0.25)
})

describe('faces are grouped', () => {
  const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  test('by the nearest individual, where it is near enough', () => {
    const groups = createFaceGroups([['a', { centroid: at(0), count: 1 }], ['b', { centroid: at(50).map((value) => value * 0.5), count: 3 }], ['other', { centroid: [1, 0, 0], count: 1 }]], 0.9)
    expect([at(10), at(24), at(26), at(60), at(90), at(200)].map((face) => groups.nearest(face))).toEqual(['a', 'a', 'b', 'b', undefined, undefined])
    expect(createFaceGroups([], 0).nearest(at(0))).toBeUndefined()
  })
  test('with those before them, and only what changed is told', () => {
    const groups = createFaceGroups([['a', { centroid: at(0), count: 1 }], ['b', { centroid: at(90), count: 2 }]], 0.9)
    groups.add('new', at(180))
    expect(groups.nearest(at(170))).toBe('new')
    groups.add('new', at(170))
    groups.remove('a', at(0))
    expect(groups.nearest(at(1))).toBeUndefined()
    expect([...groups.changed()]).toEqual([['new', { centroid: near([(Math.cos(Math.PI) + (at(170)[0] ?? 0)) / 2, (at(170)[1] ?? 0) / 2]), count: 2 }], ['a', noMean]])
  })
})

describe('a face is placed', () => {
  const film = { type: 'VIDEO', durationSeconds: '40', frameRateNum: 25, frameRateDen: 1 }
  const previews = [0, 10, 20, 30].map((seconds) => ({ id: `p${seconds}`, frame: seconds * 25, timestampSeconds: seconds, key: `k${seconds}` }))
  const place = (wish: { preview_id?: string; timestamp?: number }) => spotOf(film, previews, wish)
  test('on a preview, by its id or by its moment to half a frame', () => {
    expect(place({ preview_id: 'P10' })).toMatchObject({ frame: 250, timestampSeconds: 10, picture: { key: 'k10' } })
    expect(place({ timestamp: 20.019 })).toMatchObject({ frame: 500, timestampSeconds: 20 })
  })
  test('between previews, with the picture of the one that is nearer than half the way; beyond the last with none', () => {
    expect(place({ timestamp: 13 })).toMatchObject({ frame: null, timestampSeconds: 13, picture: { key: 'k10' } })
    expect(place({ timestamp: 17 })).toMatchObject({ frame: null, picture: { key: 'k20' } })
    expect(place({ timestamp: 36 })).toEqual({ frame: null, timestampSeconds: 36, picture: null })
    expect(spotOf(film, [], { timestamp: 1 })).toEqual({ frame: null, timestampSeconds: 1, picture: null })
  })
})
