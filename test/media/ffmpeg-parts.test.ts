import { describe, expect, test } from 'vitest'
import { explainFile, failureOf } from '../../src/adapters/ffmpeg/faults.ts'
import { frameRateOf, snap } from '../../src/adapters/ffmpeg/frame-rate.ts'
import { fit } from '../../src/adapters/ffmpeg/geometry.ts'
import { lineReader } from '../../src/adapters/lines.ts'
import { readReport, type Report } from '../../src/adapters/ffmpeg/report.ts'
import { cameraOf, createdAtOf, isCountable, timecodeOf } from '../../src/adapters/ffmpeg/tags.ts'
import { reasonFor } from '../../src/jobs/job-faults.ts'
import { MediaError } from '../../src/ports/media-engine.ts'

const film = { index: 0, codec_type: 'video', codec_name: 'h264', pix_fmt: 'yuv420p', width: 1920, height: 1080 }
const report = (streams: readonly object[], format: object = {}): Report => readReport(JSON.stringify({ streams, format: { format_name: 'mov,mp4', ...format } }))
const tagged = (tags: Readonly<Record<string, string>>) => report([film], { tags })

describe('frame rate', () => {
  test('is the broadcast rate that a measured one stands for, and 23.976 never becomes 24', () => {
    expect(snap({ num: 10_000_000, den: 417_083 })).toEqual({ num: 24_000, den: 1001 })
    expect(snap({ num: 23_976, den: 1000 })).toEqual({ num: 24_000, den: 1001 })
    expect(snap({ num: 2997, den: 100 })).toEqual({ num: 30_000, den: 1001 })
    expect(snap({ num: 48, den: 2 })).toEqual({ num: 24, den: 1 })
    expect(snap({ num: 36, den: 2 })).toEqual({ num: 18, den: 1 })
  })

  test('is one when nine in ten frames come at it, also where times are rounded to milliseconds', () => {
    const base = { num: 30, den: 1 }
    const rounded = Array.from({ length: 100 }, (_, at) => Math.round((at * 1000) / 30) / 1000)
    expect(frameRateOf({ average: base, base, isInterlaced: false, times: rounded })).toEqual({ rate: base, isVariable: false })
    const dropped = rounded.filter((_, at) => at % 20 !== 7)
    expect(frameRateOf({ average: { num: 285, den: 10 }, base, isInterlaced: false, times: dropped })).toEqual({ rate: base, isVariable: false })
    const uneven = rounded.filter((_, at) => at % 7 !== 3 && at % 5 !== 1)
    expect(frameRateOf({ average: { num: 20, den: 1 }, base, isInterlaced: false, times: uneven }).isVariable).toBe(true)
  })

  test('is not judged by a regular beginning alone', () => {
    const times = Array.from({ length: 100 }, (_, at) => at / 30)
    expect(frameRateOf({ average: { num: 12, den: 1 }, base: { num: 30, den: 1 }, isInterlaced: false, times }).isVariable).toBe(true)
  })
})

describe('tags', () => {
  test('give the timecode as the file has it, from its track first', () => {
    expect(timecodeOf(report([film, { index: 1, codec_type: 'data', tags: { timecode: '10:00:00:00' } }], { tags: { timecode: '01:00:00:00' } }))).toBe('10:00:00:00')
    expect(timecodeOf(tagged({ timecode: '01:02:03.04' }))).toBe('01:02:03;04')
    expect(timecodeOf(tagged({ timecode: 'soon' }))).toBeNull()
  })

  test('give timecodes to a muxer only where it can count them', () => {
    expect(isCountable('01:00:00;02', { num: 30_000, den: 1001 })).toBe(true)
    expect(isCountable('01:00:00;02', { num: 24_000, den: 1001 })).toBe(false)
    expect(isCountable('01:00:00:25', { num: 25, den: 1 })).toBe(false)
    expect(isCountable('01:00:00:10', { num: 18, den: 1 })).toBe(false)
    expect(isCountable('25:00:00:00', { num: 25, den: 1 })).toBe(false)
  })

  test('give the time of recording in UTC, and none that a clock made up', () => {
    expect(createdAtOf(tagged({ creation_time: '2024-05-06T07:08:09.000000Z', 'com.apple.quicktime.creationdate': '2023-05-06T07:08:09+0200' }))).toBe('2023-05-06T05:08:09.000Z')
    expect(createdAtOf(tagged({ creation_time: '1904-01-01T00:00:00.000000Z' }))).toBeNull()
    expect(createdAtOf(tagged({ date: '2019' }))).toBeNull()
    expect(createdAtOf(tagged({ creation_time: '2024-99-99T00:00:00Z' }))).toBeNull()
  })

  test('name the camera, its maker once', () => {
    expect(cameraOf(tagged({ make: 'Canon', model: 'Canon EOS R5' }))).toBe('Canon EOS R5')
    expect(cameraOf(tagged({ 'com.apple.quicktime.make': 'Apple', 'com.apple.quicktime.model': 'iPhone 14 Pro' }))).toBe('Apple iPhone 14 Pro')
    expect(cameraOf(tagged({}))).toBeNull()
  })
})

test('sizes keep their proportions within both bounds, in even numbers for film, and never grow', () => {
  expect(fit({ width: 3840, height: 2160 }, { longer: 1920, shorter: 1080, even: true })).toEqual({ width: 1920, height: 1080 })
  expect(fit({ width: 2160, height: 3840 }, { longer: 1920, shorter: 1080, even: true })).toEqual({ width: 1080, height: 1920 })
  expect(fit({ width: 1440, height: 1440 }, { longer: 1920, shorter: 1080, even: true })).toEqual({ width: 1080, height: 1080 })
  expect(fit({ width: 853, height: 481 }, { longer: 1920, shorter: 1080, even: true })).toEqual({ width: 852, height: 480 })
  expect(fit({ width: 100, height: 3 }, { longer: 20 })).toEqual({ width: 20, height: 1 })
})

test('lines come whole, whatever the chunks, and an endless one is cut', () => {
  const lines: string[] = []
  const reader = lineReader((line) => lines.push(line))
  for (const chunk of ['a', 'b\nc\r', '\nd', 'x'.repeat(100_000)]) reader.push(chunk)
  reader.end()
  expect(lines.slice(0, 2)).toEqual(['ab', 'c'])
  expect(lines.at(-1)?.length).toBeLessThanOrEqual(4096)
})

describe('what a tool says of a file', () => {
  test('is told without paths, addresses and parts of the tool', () => {
    expect(explainFile('[matroska @ 0x55d1] [error] Element at 0x4f2a1 in /var/data/film.mkv is odd: 17\n[error] Conversion failed!', 'It could not be read').message).toBe('It could not be read: Element at in is odd: 17')
    expect(explainFile('', 'It could not be read').message).toBe('It could not be read.')
  })

  test('is the file’s fault or ours', () => {
    const ended = { code: 1, killedBy: null, stdout: '', exceeded: null }
    const full = failureOf({ ...ended, stderrTail: '[error] av_interleaved_write_frame(): No space left on device' }, '/x')
    const killed = failureOf({ ...ended, code: null, killedBy: 'SIGKILL', stderrTail: '' }, '/x')
    expect([full, killed]).toMatchObject([{ code: 'unavailable' }, { code: 'unavailable' }])
    expect([full, killed].map(reasonFor)).toEqual(['The folder for temporary files is full', 'The media tool was killed'])
    expect(failureOf({ ...ended, code: null, killedBy: 'SIGSEGV', stderrTail: '' }, '/x')).toEqual(new MediaError('The file made the media tool crash.'))
    expect(failureOf({ ...ended, exceeded: 'time', stderrTail: '' }, '/x')).toEqual(new MediaError('It took longer than allowed.'))
    expect(failureOf({ ...ended, stderrTail: '/no space left on device/film.mp4: moov atom not found' }, '/no space left on device/film.mp4')).toBeInstanceOf(MediaError)
  })
})
