import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { metadataOfImage, metadataOfProbe } from '../../src/features/ingest/system-metadata.ts'
import type { MediaEngine } from '../../src/ports/media-engine.ts'
import { bundled, ffmpeg, mediaFolder, noise, x264 } from '../support/films.ts'

// Each test starts some processes, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 })

const { signal } = new AbortController()
const folder = mediaFolder('probe')
afterAll(folder.remove)

const pictures = (seconds = 1, rate = '25', size = '128x72') => ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}:d=${seconds}`]
const heard = (seconds = 1) => ['-f', 'lavfi', '-i', noise(seconds)]
const hevc = (params: string) => ['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le', '-x265-params', `log-level=none:repeat-headers=1:${params}`]
const MASTERED = 'master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400'
const wide = (transfer: string) => `colorprim=bt2020:colormatrix=bt2020nc:transfer=${transfer}`

beforeAll(async () => {
  await Promise.all([
    ffmpeg(...pictures(), ...hevc(`${wide('smpte2084')}:${MASTERED}`), folder.path('hdr10.mp4')),
    ffmpeg(...pictures(), ...hevc(wide('smpte2084')), folder.path('pq.mkv')),
    ffmpeg(...pictures(), ...hevc(wide('arib-std-b67')), folder.path('hlg.mp4')),
    ffmpeg(...pictures(), ...heard(), ...heard(), '-map', '0', '-map', '1', '-map', '2', ...x264, '-c:a', 'pcm_s24le', '-ac', '1', folder.path('pair.mov')),
    ffmpeg(...pictures(2), ...heard(3), ...x264, '-c:a', 'libvorbis', '-ac', '2', '-metadata:s:a:0', 'language=fra', folder.path('film.mkv')),
    ffmpeg(...pictures(2), ...heard(2), ...x264, '-c:a', 'aac', folder.path('film.mp4')),
    ffmpeg(...pictures(1, '30000/1001', '720x480'), '-c:v', 'dvvideo', '-pix_fmt', 'yuv411p', '-aspect', '4:3', folder.path('tape.avi')),
    ffmpeg(...pictures(), ...x264, '-movflags', 'use_metadata_tags', '-metadata', 'com.apple.quicktime.make=Apple', '-metadata', 'com.apple.quicktime.model=iPhone 14 Pro', '-metadata', 'com.apple.quicktime.camera.lens_model=back camera 6.86mm f/1.78', '-metadata', 'com.apple.quicktime.location.ISO6709=+52.5200+013.4050/', folder.path('phone.mov')),
    ffmpeg(...pictures(), ...x264, '-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', '76a6c65c5ea762046bd749a2e632ccbb', '-encryption_kid', 'a7e61c373e219033c21091fa607bf3b8', folder.path('encrypted.mp4')),
  ])
  await ffmpeg('-f', 'lavfi', '-i', 'color=s=64x64:r=25:d=40', '-c:v', 'mpeg4', '-g', '25', folder.path('few-claimed.avi'))
  const claim = readFileSync(folder.path('few-claimed.avi'))
  for (const [chunk, at] of [['avih', 24], ['strh', 40], ['dmlh', 8]] as const) claim.writeUInt32LE(4, claim.indexOf(chunk) + at)
  writeFileSync(folder.path('few-claimed.avi'), claim)
  const lie = readFileSync(folder.path('film.mkv'))
  lie.writeDoubleBE(36_000_000, lie.indexOf(Buffer.from([0x44, 0x89, 0x88])) + 3)
  for (let at = lie.indexOf('00:00:0'); at >= 0; at = lie.indexOf('00:00:0', at + 1)) lie.write('10', at)
  writeFileSync(folder.path('ten-hours.mkv'), lie)
  await ffmpeg('-i', folder.path('film.mkv'), '-c', 'copy', '-live', '1', folder.path('unfinished.mkv'))
  writeFileSync(folder.path('letter.mp4'), 'This is a letter, and no film.\n'.repeat(50))
  copyFileSync(folder.path('film.mkv'), folder.path('film-by-another-name.mp4'))
}, 60_000)

const hasSystem = (process.env['PATH'] ?? '').split(delimiter).some((each) => existsSync(join(each, 'ffmpeg')))
const tempDir = folder.path('temp', '.')
const ours = createFfmpeg({ ffmpegPath: bundled('ffmpeg'), ffprobePath: bundled('ffprobe'), tempDir, slots: 2 })
const ENGINES: readonly { readonly tool: string; readonly engine: MediaEngine }[] = [
  { tool: 'the bundled ffmpeg', engine: ours },
  ...(hasSystem ? [{ tool: 'the system’s ffmpeg', engine: createFfmpeg({ tempDir, slots: 2 }) }] : []),
]

describe.each(ENGINES)('with $tool, a probe', ({ engine }) => {
  const probe = (name: string) => engine.probe(folder.path(name), signal)

  test('tells HDR10 by its light levels, PQ without them, and HLG', async () => {
    expect((await probe('hdr10.mp4')).video).toMatchObject({ hdr: 'HDR10', colorTransfer: 'smpte2084', colorPrimaries: 'bt2020', colorSpace: 'bt2020nc', colorRange: 'tv', bitDepth: 10, profile: 'Main 10' })
    expect((await probe('pq.mkv')).video).toMatchObject({ hdr: 'PQ', colorTransfer: 'smpte2084' })
    expect((await probe('hlg.mp4')).video).toMatchObject({ hdr: 'HLG', colorTransfer: 'arib-std-b67' })
    expect((await probe('film.mp4')).video).toMatchObject({ hdr: null, colorTransfer: null, colorPrimaries: null, colorSpace: null, bitDepth: 8, profile: 'Main', fieldOrder: null })
  })

  test('takes two mono tracks for left and right, and lists every stream', async () => {
    const { audio, streams } = await probe('pair.mov')
    expect(audio).toEqual({ codec: 'pcm_s24le', channels: 2, sampleRate: 48000, layout: 'stereo', bitDepth: 24, tracks: 2 })
    expect(streams).toMatchObject([{ kind: 'video', codec: 'h264', details: '128x72 yuv420p 25/1' }, { kind: 'audio', details: 'mono 48000 Hz' }, { kind: 'audio' }])
    expect((await probe('film.mkv')).streams[1]).toEqual({ kind: 'audio', codec: 'vorbis', details: 'stereo 48000 Hz', language: 'fra' })
  })

  test('tells the length of the film, not of its sound, nor what a header claims or leaves out', async () => {
    for (const name of ['film.mkv', 'ten-hours.mkv', 'unfinished.mkv', 'film.mp4']) expect((await probe(name)).durationSeconds, name).toBeCloseTo(2, 2)
  })

  test('takes a header’s number of frames only where the film is of that length', async () => {
    expect(await probe('few-claimed.avi')).toMatchObject({ durationSeconds: 40, video: { frameCount: null, frameRate: { num: 25, den: 1 } } })
    for (const [name, frameCount] of [['film.mp4', 50], ['tape.avi', 30]] as const) expect((await probe(name)).video?.frameCount, name).toBe(frameCount)
  })

  test('finds the fields of a tape, and the shape of its pixels', async () => {
    expect((await probe('tape.avi')).video).toMatchObject({ fieldOrder: 'bottom', sampleAspect: { num: 8, den: 9 }, displayWidth: 640, displayHeight: 480 })
  })

  test('names camera and lens, and never the place', async () => {
    const found = await probe('phone.mov')
    expect(found).toMatchObject({ camera: 'Apple iPhone 14 Pro', lens: 'back camera 6.86mm f/1.78' })
    expect(JSON.stringify(found)).not.toContain('52.52')
  })

  test('says of an encrypted film that it is, and of a letter that it is none, whatever its name', async () => {
    await expect(probe('encrypted.mp4')).rejects.toThrow(/^The file is encrypted\.$/)
    await expect(probe('letter.mp4')).rejects.toThrow('The file is damaged, or it is not a film or sound file.')
    expect(await probe('film-by-another-name.mp4')).toMatchObject({ format: 'matroska' })
  })
})

test('words of metadata are flat, and only of what is known', async () => {
  const words = metadataOfProbe(await ours.probe(folder.path('hdr10.mp4'), signal))
  expect(words).toMatchObject({
    width: 128, height: 72, sample_aspect_ratio: '1:1', frame_rate: '25/1', rotation: 0, hdr: 'HDR10', bit_depth: 10, video_profile: 'Main 10',
    color_space: 'bt2020nc', color_range: 'tv', color_primaries: 'bt2020', color_transfer: 'smpte2084', stream_0: 'video hevc 128x72 yuv420p10le 25/1',
  }) // prettier-ignore
  for (const absent of ['timecode', 'drop_frame', 'channels', 'lens', 'field_order', 'stream_1']) expect(words).not.toHaveProperty(absent)
  const image = { format: 'jpeg', width: 2, height: 1, colorSpace: null, pages: 1, createdAt: null, camera: 'Canon EOS R5', lens: 'RF 50mm F1.2 L USM', bitDepth: 8 }
  expect(metadataOfImage(image)).toEqual({ container: 'jpeg', width: 2, height: 1, bit_depth: 8, camera: 'Canon EOS R5', lens: 'RF 50mm F1.2 L USM' })
})

test('a file of a thousand streams is told by its first 32', () => {
  const streams = Array.from({ length: 1000 }, () => ({ kind: 'data', codec: null, details: '', language: null }) as const)
  const words = metadataOfProbe({ format: 'mov', durationSeconds: null, bitRate: null, video: null, audio: null, timecode: '01:00:00;02', createdAt: null, camera: null, lens: null, streams })
  expect(Object.keys(words).filter((each) => each.startsWith('stream_'))).toHaveLength(32)
  expect(words).toMatchObject({ timecode: '01:00:00;02', drop_frame: true, stream_0: 'data' })
})
