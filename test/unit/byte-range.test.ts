import { expect, test } from 'vitest'
import { askedRange } from '../../src/http/byte-range.ts'

test.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=2-4', { start: 2, end: 4 }],
  ['bytes=2-', { start: 2, end: 9 }],
  ['bytes=2-99', { start: 2, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-99', { start: 0, end: 9 }],
  ['Bytes= 2-4 ', { start: 2, end: 4 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=-', 'whole'],
  ['bytes=4-2', 'whole'],
  ['bytes=0-1,3-4', 'whole'],
  ['bytes=x-y', 'whole'],
  ['items=0-1', 'whole'],
  [undefined, 'whole'],
] as const)('%s of ten bytes', (header, expected) => expect(askedRange(header, 10)).toEqual(expected))

test('of no bytes at all nothing can be had but the whole', () => {
  expect(askedRange(undefined, 0)).toBe('whole')
  expect(askedRange('bytes=0-', 0)).toBe('unsatisfiable')
  expect(askedRange('bytes=-5', 0)).toBe('unsatisfiable')
})
