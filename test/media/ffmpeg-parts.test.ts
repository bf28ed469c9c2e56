import { describe, expect, test } from 'vitest'
import { explainFile, failureOf } from '../../src/adapters/ffmpeg/faults.ts'
import { frameRateOf, snap } from '../../src/adapters/ffmpeg/frame-rate.ts'
import { videoBitDepth } from '../../src/adapters/ffmpeg/bit-depth.ts'
import { describeAudio, summaries } from '../../src/adapters/ffmpeg/describe-streams.ts'
import { fit } from '../../src/adapters/ffmpeg/geometry.ts'
import { hdrOf, needsFirstFrame } from '../../src/adapters/ffmpeg/hdr.ts'
import { lineReader } from '../../src/adapters/lines.ts'
import { readReport, readTimes, type Report, type StreamReport } from '../../src/adapters/ffmpeg/report.ts'
import { cameraOf, createdAtOf, isCountable, lensOf, timecodeOf } from '../../src/adapters/ffmpeg/tags.ts'
import { reasonFor } from '../../src/jobs/job-faults.ts'
import { MediaError } from '../../src/ports/media-engine.ts'

const film = { index: 0, codec_type: 'video', codec_name: 'h264', pix_fmt: 'yuv420p', width: 1920, height: 1080 }
const report = (streams: readonly object[], format: object = {}): Report => readReport(JSON.stringify({ streams, format: { format_name: 'mov,mp4', ...format } }))
const stream: StreamReport = { ...film, disposition: {}, tags: {}, side_data_list: [] }
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

  test('is one also where a muxer moved single frames by a part of their length, when the whole header tells it', () => {
    const rate = { num: 25, den: 1 }
    const times = [0, 0.043, 0.083, 0.123, 0.16, 0.203, 0.243, 0.283, 0.323]
    expect(frameRateOf({ average: rate, base: rate, isInterlaced: false, times })).toEqual({ rate, isVariable: false })
    expect(frameRateOf({ average: rate, base: { num: 1000, den: 1 }, isInterlaced: false, times }).isVariable).toBe(true)
  })

  test('is not judged by a regular beginning alone', () => {
    const times = Array.from({ length: 100 }, (_, at) => at / 30)
    expect(frameRateOf({ average: { num: 12, den: 1 }, base: { num: 30, den: 1 }, isInterlaced: false, times }).isVariable).toBe(true)
  })
})

test('times of decoding are not mixed with those of showing, which MPEG writes for some packets only', () => {
  const packets = [{ pts: 4, dts: 1 }, { dts: 2 }, { pts: 3, dts: 3 }]
  expect(readTimes(JSON.stringify({ packets }))).toEqual([1, 2, 3])
  expect(readTimes(JSON.stringify({ packets: packets.map(({ dts }, at) => ({ pts: at, dts: at === 0 ? undefined : dts })) }))).toEqual([0, 1, 2])
})

describe('tags', () => {
  test('give the timecode as the file has it, from its track first', () => {
    expect(timecodeOf(report([film, { index: 1, codec_type: 'data', tags: { timecode: '10:00:00:00' } }], { tags: { timecode: '01:00:00:00' } }))).toBe('10:00:00:00')
    expect(timecodeOf(tagged({ timecode: '01:02:03.04' }))).toBe('01:02:03;04')
    expect(timecodeOf(tagged({ timecode: 'soon' }))).toBeNull()
  })

  test('give the timecode of the track that the film names before another one’s, in any spelling of the word', () => {
    const named = { ...film, tags: { TIMECODE: '02:00:00:00' } }
    expect(timecodeOf(report([named, { index: 1, codec_type: 'data', tags: { timecode: '10:00:00:00' } }]))).toBe('02:00:00:00')
    expect(timecodeOf(report([{ ...film, tags: { timecode: 'none' } }], { tags: { timecode: '03:00:00:00' } }))).toBe('03:00:00:00')
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
    expect(cameraOf(tagged({ 'com.android.manufacturer': 'Google', 'com.android.model': 'Pixel 7' }))).toBe('Google Pixel 7')
  })

  test('leave no half of a character, which a database refuses, nor a zero', () => {
    const long = `${'x'.repeat(99)}😀`
    expect(lensOf(tagged({ lens: long }))).toBe('x'.repeat(99))
    expect(cameraOf(tagged({ model: 'a\ud83d\u0000b' }))).toBe('a\ufffd b')
    const file = report([film, { index: 1, codec_type: 'attachment', codec_name: 'ttf\ud83d', tags: { filename: `${'x'.repeat(79)}😀` } }])
    const [, { codec, details } = {}] = summaries(file, null)
    expect([codec, details]).toEqual(['ttf\ufffd', 'x'.repeat(79)])
    expect(explainFile(`${'x'.repeat(199)}😀`, 'Odd').message.isWellFormed()).toBe(true)
  })

  test('name the lens, which phones write beside the film', () => {
    expect(lensOf(report([{ ...film, tags: { 'com.apple.quicktime.camera.lens_model': 'back camera 6.86mm f/1.78' } }]))).toBe('back camera 6.86mm f/1.78')
    expect(lensOf(tagged({}))).toBeNull()
  })
})

describe('streams', () => {
  const sound = { index: 1, codec_type: 'audio', codec_name: 'pcm_s16le', channels: 1, sample_rate: '48000' }

  test('of sound are left and right when both are mono, but not in two languages', () => {
    expect(report([film, sound, { ...sound, index: 2 }]).audio).toHaveLength(2)
    expect(report([film, { ...sound, tags: { language: 'eng' } }, { ...sound, index: 2, tags: { language: 'deu' } }]).audio).toHaveLength(1)
    expect(describeAudio(report([film, ...Array.from({ length: 8 }, (_, at) => ({ ...sound, index: at + 1 }))]))).toMatchObject({ channels: 8, tracks: 8, layout: null })
  })

  test('are told in a line without what a file may hide in its words', () => {
    const font = { index: 1, codec_type: 'attachment', codec_name: 'ttf', tags: { filename: `a\u0000b\n\u202e${'x'.repeat(500)}`, mimetype: 'font/ttf' } }
    const [, { details = '' } = {}] = summaries(report([film, font]), null)
    expect(details).toMatch(/^a b x+ font\/ttf$/)
    expect(details.length).toBeLessThan(100)
    expect(summaries(report([film, { index: 1, codec_type: 'data', codec_tag_string: 'gpmd' }]), { num: 25, den: 1 })).toMatchObject([{ details: '1920x1080 yuv420p 25/1' }, { kind: 'data', codec: 'gpmd', details: '' }])
  })

  test.each([
    ['yuv420p', 8], ['nv12', 8], ['yuyv422', 8], ['rgb24', 8], ['yuv420p10le', 10], ['p010le', 10], ['gbrp12le', 12], ['yuva444p16be', 16], ['gray10le', 10],
    ['gray', 8], ['rgb48le', 16], ['rgba64be', 16], ['x2rgb10le', 10], ['y210le', 10], ['xyz12le', 12], ['gbrpf32le', 32], ['monow', 1], ['ya8', 8], ['ya16le', 16], ['nv20le', 10], ['pal8', 8], ['yuv411p', 8],
  ])('of %s have components of %i bits', (pix_fmt, bits) => {
    expect(videoBitDepth({ ...stream, pix_fmt })).toBe(bits)
  }) // prettier-ignore

  test('have the depth that the codec tells where pixels have room for more', () => {
    expect(videoBitDepth({ ...stream, pix_fmt: 'gray16le', bits_per_raw_sample: 12 })).toBe(12)
    expect(videoBitDepth({ ...stream, pix_fmt: 'yuv420p', bits_per_raw_sample: 24 })).toBe(8)
  })

  test('are Dolby Vision by their record, whatever they carry besides', () => {
    const pq = { ...stream, color_transfer: 'smpte2084', side_data_list: [{ side_data_type: 'DOVI configuration record', rotation: undefined }] }
    expect(hdrOf(pq, ['Mastering display metadata'])).toBe('Dolby Vision')
    expect(needsFirstFrame(pq)).toBe(false)
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
    expect(explainFile('[matroska @ 0x55d1] [error] Element at 0x4f2a1 in /var/data/film.mkv is odd: 17\n[error] Conversion failed!', 'It could not be read').message).toBe('It could not be read: Element at in is odd: 17.')
    expect(explainFile('', 'It could not be read').message).toBe('It could not be read.')
  })

  test('is the file’s fault or ours', () => {
    const ended = { code: 1, killedBy: null, stdout: '', exceeded: null }
    const denied = failureOf({ ...ended, stderrTail: '[error] proxy.mp4: Permission denied' }, '/x')
    const killed = failureOf({ ...ended, code: null, killedBy: 'SIGKILL', stderrTail: '' }, '/x')
    expect([denied, killed]).toMatchObject([{ code: 'unavailable' }, { code: 'unavailable' }])
    expect([denied, killed].map(reasonFor)).toEqual(['The media tool may not read or write its files', 'The media tool was killed'])
    expect(failureOf({ ...ended, code: null, killedBy: 'SIGSEGV', stderrTail: '' }, '/x')).toEqual(new MediaError('The file made the media tool crash.'))
    expect(failureOf({ ...ended, exceeded: 'time', stderrTail: '' }, '/x')).toEqual(new MediaError('It took longer than allowed.', { isBeyondLimits: true }))
    expect(failureOf({ ...ended, stderrTail: '/no space left on device/film.mp4: moov atom not found' }, '/no space left on device/film.mp4')).toBeInstanceOf(MediaError)
  })
})
