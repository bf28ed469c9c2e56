import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { reportProgress } from '../../src/jobs/report-progress.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a job whose progress stands still learns that its asset is gone, and none after its end', async () => {
  let isThere = true
  const told: number[] = []
  const progress = reportProgress(async (share) => {
    told.push(share)
    return isThere
  }, new AbortController().signal)
  progress.onProgress(0.4)
  progress.onProgress(0.5)
  await vi.advanceTimersByTimeAsync(11_000)
  expect(told).toEqual([0.4, 0.5, 0.5])
  expect(progress.isGone()).toBe(false)
  isThere = false
  await vi.advanceTimersByTimeAsync(6000)
  expect([progress.isGone(), progress.signal.aborted]).toEqual([true, true])
  progress.end()
  const count = told.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told.length).toBe(count)
})
