import { expect, test } from 'vitest'
import { timecodeFrames } from '../../src/model/timecode.ts'

const rate = { 23.976: { num: 24000, den: 1001 }, 25: { num: 25, den: 1 }, 29.97: { num: 30000, den: 1001 }, 59.94: { num: 60000, den: 1001 } }

// The labels of the contract's table.
test.each([
  ['00:00:59;29', 29.97, 1799],
  ['00:01:00;02', 29.97, 1800],
  ['00:09:59;29', 29.97, 17_981],
  ['00:10:00;00', 29.97, 17_982],
  ['01:00:00;00', 29.97, 107_892],
  ['00:59:56:12', 29.97, 107_892],
  ['00:00:59;59', 59.94, 3599],
  ['00:01:00;04', 59.94, 3600],
  ['01:00:00;00', 59.94, 215_784],
  ['00:59:56:10', 23.976, 86_314],
  ['00:00:10:01', 25, 251],
] as const)('%s at %s is frame %i', (label, at, frames) => expect(timecodeFrames(label, rate[at])?.frames).toBe(frames))

test('what is no label at this rate is none', () => {
  for (const label of ['00:00:00:25', '00:60:00:00', '00:00:60:00', 'x', '1:00:00:00']) expect([label, timecodeFrames(label, rate[25])]).toEqual([label, null])
  expect(timecodeFrames('00:01:00;00', rate[29.97])).toBeNull() // dropped
})
