import { readdirSync, truncateSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { bytesOf } from '../../src/adapters/sharp/formats/bytes.ts'
import { decodeRadiance } from '../../src/adapters/sharp/formats/radiance.ts'
import { readCr3 } from '../../src/adapters/sharp/formats/raw.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { mediaFolder } from '../support/films.ts'
import { u16, u32 } from '../support/heif.ts'
import { peakOf } from '../support/peak-memory.ts'
import { cr3Of, hdrOf, psdOf, tiffOf } from '../support/still-files.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = mediaFolder('hostile-stills')
const media = createFfmpeg({ tempDir: folder.path('temp', '.'), slots: 1 })
const engine = createSharp({ stills: media.stills })
const { signal } = new AbortController()
const SIZE = { width: 120, height: 80 }

let jpeg: Buffer
let bmp: string
beforeAll(async () => {
  jpeg = await sharp({ create: { ...SIZE, channels: 3, background: '#c84' } }).jpeg().toBuffer()
  const rows = Buffer.alloc(54 + 120 * 80 * 3)
  rows.write('BM')
  ;[rows.length, 0, 54, 40, 120, 80, (24 << 16) | 1].forEach((value, at) => rows.writeUInt32LE(value, 2 + at * 4))
  bmp = store('a.bmp', rows)
})
afterAll(() => folder.remove())

function store(name: string, bytes: Buffer): string {
  writeFileSync(folder.path(name), bytes)
  return folder.path(name)
}
const render = (source: string, by = engine, until = signal) => by.rendition({ source, target: folder.path('out', `${source.split('/').at(-1)}.jpg`), maxSize: 100, signal: until })

describe('tables without end', () => {
  test.skipIf(process.platform !== 'linux')('in the preview of a raw take little memory', async () => {
    const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]))
    const segments = Buffer.alloc(32 * 1024 ** 2, Buffer.from([0xff, 0xe0, 0, 2]))
    const preview = Buffer.concat([jpeg.subarray(0, scan), segments, jpeg.subarray(scan)])
    const source = store('segments.nef', tiffOf({ values: [[0x112, 3, 6], [0xc612, 4, 0x0401]], blob: [0x201, 0x202, preview] })) // prettier-ignore
    await render(store('loaded.jpg', jpeg))
    const { result, grownMb } = await peakOf(() => render(source))
    expect(result).toMatchObject({ width: 67, height: 100 })
    expect(grownMb).toBeLessThan(64)
  })

  test('of tracks are not followed', async () => {
    const file = bytesOf(cr3Of(jpeg, [], { tracks: 2000 }))
    let reads = 0
    const { jpeg: found } = await readCr3({ ...file, read: (offset, length) => ((reads += 1), file.read(offset, length)) })
    expect(found).toMatchObject(SIZE)
    expect(reads).toBeLessThan(20)
  })

  test('of Photoshop’s resources are damage', async () => {
    const psd = psdOf(SIZE, () => [1, 2, 3])
    const resources = Buffer.concat(Array<Buffer>(10_001).fill(Buffer.concat([Buffer.from('8BIM'), u16(1), u16(0), u32(0)])))
    const source = store('resources.psd', Buffer.concat([psd.subarray(0, 30), u32(resources.length), resources, psd.subarray(34)]))
    await expect(engine.read(source)).rejects.toThrow('The picture is damaged: it cannot be decoded.')
  })
})

test('others have their turn while a picture of long runs is unpacked', async () => {
  const lines = 2000
  const channel = Buffer.concat(Array.from({ length: 250 }, () => Buffer.from([128 + 120, 99])))
  const line = Buffer.concat([Buffer.from([2, 2]), u16(30_000), channel, channel, channel, channel])
  const source = store('runs.hdr', Buffer.concat([Buffer.from(`#?RADIANCE\n\n-Y ${lines} +X 30000\n`), ...Array<Buffer>(lines).fill(line)]))
  // Of this process, so that what else the machine does counts not.
  const used = () => process.cpuUsage().user + process.cpuUsage().system
  let [last, longest, isOver] = [used(), 0, false]
  const began = last
  const watch = () => {
    longest = Math.max(longest, used() - last)
    last = used()
    if (!isOver) setImmediate(watch)
  }
  watch()
  await decodeRadiance(source, 400, signal)
  isOver = true
  expect(longest).toBeLessThan((used() - began) / 8)
})

test('BigTIFF is a picture, and no camera’s', async () => {
  const source = folder.path('big.tif')
  await sharp({ create: { ...SIZE, channels: 3, background: '#c84' } }).tiff({ bigtiff: true }).toFile(source)
  expect(await engine.read(source)).toMatchObject({ format: 'tiff', ...SIZE })
  expect(await render(source)).toMatchObject({ width: 100 })
})

test('what is said of a picture fits the database: no half characters, nothing that is no character', async () => {
  const camera = (text: string) => engine.read(store('text.nef', tiffOf({ values: [[0x110, 2, text], [0xc612, 4, 0x0401]], blob: [0x201, 0x202, jpeg] })))
  const long = (await camera(`${'a'.repeat(199)}😀b`)).camera ?? ''
  expect([long, long.isWellFormed()]).toEqual(['a'.repeat(199), true])
  expect((await camera('a\u0001\ud83db\u0007')).camera).toBe('a b')
  const xmp = (text: string) => `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" tiff:Model="${text}"/></rdf:RDF></x:xmpmeta>`
  await sharp(jpeg).withXmp(xmp(`${'b'.repeat(198)}😀`)).png().toFile(folder.path('xmp.png')) // prettier-ignore
  expect((await engine.read(folder.path('xmp.png'))).camera).toBe(`${'b'.repeat(198)}😀`)
})

describe('whoever leaves', () => {
  const left = AbortSignal.abort(new Error('the client left'))
  test('is let go, whatever is read', async () => {
    store('a.psd', psdOf(SIZE, () => [1, 2, 3]))
    store('a.cr3', cr3Of(jpeg, []))
    store('a.hdr', hdrOf(SIZE, true, () => [1, 1, 1]))
    store('a.jpg', jpeg)
    store('a.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))
    for (const name of ['a.psd', 'a.cr3', 'a.hdr', 'a.jpg', 'a.svg', 'a.bmp']) {
      await expect(engine.read(folder.path(name), left), name).rejects.toThrow('the client left')
      await expect(render(folder.path(name), engine, left), name).rejects.toThrow('the client left')
    }
  })
})

describe('plain pictures do not wait', () => {
  test('for stills that wait for their decoder; and who waits for that can leave', async () => {
    const stopped = new AbortController()
    const never = <T>({ signal }: { readonly signal: AbortSignal }) => new Promise<T>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const busy = createSharp({ stills: { facts: () => Promise.resolve({ ...SIZE, bitDepth: 8, colorSpace: 'srgb' }), decode: (order) => never(order) } })
    const waiting = [1, 2, 3].map((at) => busy.rendition({ source: bmp, target: folder.path('busy', `${at}.jpg`), maxSize: 100, signal: stopped.signal }))
    const ended = Promise.allSettled(waiting)
    const leaving = new AbortController()
    const another = render(bmp, busy, leaving.signal)
    expect(await render(store('plain.jpg', jpeg), busy)).toMatchObject({ width: 100 })
    leaving.abort(new Error('the client left'))
    await expect(another).rejects.toThrow('the client left')
    stopped.abort(new Error('the server stops'))
    for (const each of await ended) expect(each).toMatchObject({ status: 'rejected', reason: { message: 'the server stops' } })
    expect(readdirSync(folder.path('busy', '.'))).toEqual([])
  })

  test('and stills not for films', async () => {
    // Six hours of silence that take no room.
    const source = store('endless.wav', Buffer.concat([Buffer.from('RIFF\xfc\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x02\0\x80\xbb\0\0\0\xee\x02\0\x04\0\x10\0data\xd8\xff\xff\xff', 'latin1')]))
    truncateSync(source, 4 * 1024 ** 3)
    const stopped = new AbortController()
    const probe = await media.probe(source, signal)
    let ended: Promise<string> | undefined
    await new Promise<void>((began) => {
      const film = media.render({ source, probe, audio: { path: folder.path('out', 'endless.m4a') }, onProgress: () => began(), signal: stopped.signal })
      ended = film.then(() => 'ended', () => 'stopped') // prettier-ignore
    })
    expect(await render(bmp)).toMatchObject({ width: 100 })
    stopped.abort(new Error('the film was stopped'))
    expect(await ended).toBe('stopped')
  })
})
