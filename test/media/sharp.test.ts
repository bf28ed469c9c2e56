import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { MediaError } from '../../src/ports/media-engine.ts'
import { mediaFolder } from '../support/films.ts'
import { u16 } from '../support/heif.ts'
import { type TiffDirectory, tiffOf } from '../support/still-files.ts'

const folder = mediaFolder('pictures')
const engine = createSharp()
const { signal } = new AbortController()

let server: Server
let hits = 0
beforeAll(() => {
  server = createServer((_, response) => {
    hits += 1
    response.end()
  }).listen(0, '127.0.0.1')
})
afterAll(() => {
  server.close()
  folder.remove()
})
const address = () => {
  const at = server.address()
  return `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`
}

/** Red above, blue below. */
const twoHalves = (width = 300, height = 200) =>
  sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([
    { input: { create: { width, height: height / 2, channels: 3, background: '#0000ff' } }, top: height / 2, left: 0 },
  ])

async function rendition(name: string, maxSize = 120) {
  const image = await engine.rendition({ source: folder.path(name), target: folder.path('out', `${name}.jpg`), maxSize, signal })
  return { ...image, metadata: await sharp(image.path).metadata() }
}

async function pixel(path: string, left: number, top: number): Promise<readonly number[]> {
  return [...(await sharp(path).extract({ left, top, width: 1, height: 1 }).raw().toBuffer())]
}

const isNear = (found: readonly number[], wanted: readonly number[]) => found.length === wanted.length && found.every((value, at) => Math.abs(value - (wanted[at] ?? 0)) < 24)

/** The reason that the owner of a file is given; the picture must be refused by both ways of reading it, or by the second alone. */
async function refused(name: string, { headerIsWhole = false } = {}): Promise<string> {
  const source = folder.path(name)
  const attempts = await Promise.allSettled([engine.rendition({ source, target: folder.path('refused', `${name}.jpg`), maxSize: 100, signal }), ...(headerIsWhole ? [] : [engine.read(source)])])
  for (const each of attempts) expect(each).toMatchObject({ status: 'rejected', reason: { name: 'MediaError' } })
  expect(readdirSync(folder.path('refused', '.', 'x').slice(0, -2))).toEqual([])
  const first = attempts[0]
  return first?.status === 'rejected' && first.reason instanceof MediaError ? first.reason.message : ''
}

describe('pictures', () => {
  test('are read and rendered upright, and lose what EXIF says', async () => {
    const said = { IFD0: { Make: 'Canon', Model: 'Canon EOS R5', ImageDescription: 'secret place' }, IFD2: { DateTimeOriginal: '2022:07:08 09:10:11', LensModel: 'RF50mm F1.2' } }
    await twoHalves().withExif(said).withMetadata({ orientation: 6 }).jpeg().toFile(folder.path('turned.jpg'))
    const facts = { createdAt: '2022-07-08T09:10:11.000Z', camera: 'Canon EOS R5', lens: 'RF50mm F1.2', bitDepth: 8 }
    expect(await engine.read(folder.path('turned.jpg'))).toEqual({ format: 'jpeg', width: 200, height: 300, colorSpace: 'srgb', pages: 1, ...facts })
    const { width, height, path, metadata } = await rendition('turned.jpg')
    expect({ width, height }).toEqual({ width: 80, height: 120 })
    expect(metadata).toMatchObject({ format: 'jpeg', width: 80, height: 120, space: 'srgb' })
    expect(metadata.orientation ?? 1).toBe(1)
    expect(metadata.exif).toBeUndefined()
    expect(await pixel(path, 70, 60)).toSatisfy((found: readonly number[]) => isNear(found, [254, 0, 0]))
  })

  test('are never enlarged', async () => {
    await twoHalves(30, 20).png().toFile(folder.path('small.png'))
    expect(await rendition('small.png')).toMatchObject({ width: 30, height: 20 })
  })

  test('stand on white where they are transparent', async () => {
    await sharp({ create: { width: 40, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }).png().toFile(folder.path('clear.png'))
    expect(await pixel((await rendition('clear.png')).path, 20, 20)).toSatisfy((found: readonly number[]) => isNear(found, [255, 255, 255]))
  })

  test('come in every format that it promises', async () => {
    const still = twoHalves()
    await Promise.all([
      still.clone().webp().toFile(folder.path('a.webp')),
      still.clone().avif({ effort: 0 }).toFile(folder.path('a.avif')),
      still.clone().tiff({ compression: 'lzw' }).toFile(folder.path('a.tif')),
      still.clone().toColourspace('cmyk').tiff().toFile(folder.path('cmyk.tif')),
      still.clone().toColourspace('cmyk').jpeg().toFile(folder.path('cmyk.jpg')),
      still.clone().toColourspace('rgb16').png().toFile(folder.path('deep.png')),
      still.clone().png({ progressive: true }).toFile(folder.path('interlaced.png')),
    ])
    const frame = (colour: string) => sharp({ create: { width: 300, height: 200, channels: 3, background: colour } }).png().toBuffer()
    await sharp([await frame('#ff0000'), await frame('#0000ff')], { join: { animated: true } }).gif().toFile(folder.path('moving.gif'))
    const expected = { 'a.webp': 'webp', 'a.avif': 'avif', 'a.tif': 'tiff', 'cmyk.tif': 'tiff', 'cmyk.jpg': 'jpeg', 'deep.png': 'png', 'interlaced.png': 'png', 'moving.gif': 'gif' }
    for (const [name, format] of Object.entries(expected)) {
      expect(await engine.read(folder.path(name)), name).toMatchObject({ format, width: 300, height: 200, pages: name === 'moving.gif' ? 2 : 1 })
      const { path, metadata } = await rendition(name)
      expect(metadata, name).toMatchObject({ format: 'jpeg', space: 'srgb', width: 120, height: 80 })
      const [red = 0, , blue = 0] = await pixel(path, 60, 20)
      expect(red - blue, name).toBeGreaterThan(120)
    }
    expect((await engine.read(folder.path('cmyk.jpg'))).colorSpace).toBe('cmyk')
  })

  test('that are drawings are drawn without script, links or other files', async () => {
    await sharp({ create: { width: 50, height: 50, channels: 3, background: '#00ff00' } }).png().toFile(folder.path('beside.png'))
    const beside = folder.path('beside.png')
    const drawing = `<?xml version="1.0"?>
      <!DOCTYPE svg [<!ENTITY file SYSTEM "file:///etc/passwd"><!ENTITY net SYSTEM "${address()}/entity">]>
      <?xml-stylesheet href="${address()}/style.css" type="text/css"?>
      <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xi="http://www.w3.org/2001/XInclude" width="200" height="100">
        <style>@import url("${address()}/import.css"); @font-face { font-family: x; src: url("${address()}/font.woff") }</style>
        <script>fetch("${address()}/script")</script><script href="${address()}/script.js"/>
        <rect width="200" height="100" fill="#ff0000"/>
        <image href="${address()}/picture.png" width="50" height="50"/><image xlink:href="beside.png" width="50" height="50"/>
        <image href="file://${beside}" width="50" height="50"/><image href="${beside}" width="50" height="50"/>
        <use href="${address()}/other.svg#a"/><xi:include href="beside.svg"/><text y="90">text</text>
        <foreignObject width="50" height="50"><iframe xmlns="http://www.w3.org/1999/xhtml" src="${address()}/frame"/></foreignObject>
      </svg>`
    writeFileSync(folder.path('hostile.svg'), drawing)
    writeFileSync(folder.path('beside.svg'), '<svg xmlns="http://www.w3.org/2000/svg"><rect width="50" height="50" fill="#00ff00"/></svg>')
    expect(await engine.read(folder.path('hostile.svg'))).toMatchObject({ format: 'svg', width: 200, height: 100 })
    const { path } = await rendition('hostile.svg')
    expect(await pixel(path, 10, 10)).toSatisfy((found: readonly number[]) => isNear(found, [254, 0, 0]))
    writeFileSync(folder.path('entity.svg'), drawing.replace('>text<', '>&file;&net;<'))
    expect(await refused('entity.svg')).toBe('The picture is damaged: it cannot be decoded.')
    expect(hits).toBe(0)
  })
})

describe('what cameras write beside a picture', () => {
  const block = (values: TiffDirectory) => tiffOf(values)
  const photo = async (name: string, exif: Buffer) => {
    const jpeg = await twoHalves(30, 20).jpeg().toBuffer()
    const body = Buffer.concat([Buffer.from('Exif\0\0'), exif])
    writeFileSync(folder.path(name), Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), u16(body.length + 2), body, jpeg.subarray(2)]))
    const { createdAt, camera, lens } = await engine.read(folder.path(name))
    return { createdAt, camera, lens }
  }

  test('is read: date with its zone, camera, lens; and what it never set is left out', async () => {
    const taken = (...more: TiffDirectory['values']): TiffDirectory => ({ values: [[0x110, 2, ' X100V ']], children: [[0x8769, { values: more }]] })
    const nothing = { createdAt: null, camera: 'X100V', lens: null }
    expect(await photo('zone.jpg', block(taken([0x9003, 2, '2024:02:29 23:30:00'], [0x9011, 2, '-05:00'])))).toEqual({ ...nothing, createdAt: '2024-03-01T04:30:00.000Z' })
    expect(await photo('no-zone.jpg', block(taken([0x9003, 2, '2024:02:29 23:30:00'], [0x9011, 2, '   :  '])))).toEqual({ ...nothing, createdAt: '2024-02-29T23:30:00.000Z' })
    expect(await photo('never-set.jpg', block(taken([0x9003, 2, '    :  :     :  :  '], [0x9004, 2, '0000:00:00 00:00:00'], [0xa434, 2, '----'])))).toEqual(nothing)
    expect(await photo('odd.jpg', block(taken([0x9003, 2, '2024:13:45 99:99:99'], [0xa434, 3, 7])))).toEqual(nothing)
  })

  test('may be damaged in any way: the picture is shown all the same', async () => {
    const whole = block({ values: [[0x10f, 2, 'Maker of cameras']], children: [[0x8769, { values: [[0x9003, 2, '2024:02:29 23:30:00']] }]] })
    for (let at = 0; at < whole.length; at += 1) {
      const damaged = Buffer.from(whole)
      damaged[at] = 0xff
      await photo('damaged.jpg', damaged)
    }
    expect(await photo('cut.jpg', whole.subarray(0, 20))).toEqual({ createdAt: null, camera: null, lens: null })
  })

  test('stands in XMP where there is no EXIF', async () => {
    const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Make="Leica" xmp:CreateDate="2019-08-07T06:05:04+02:00"><tiff:Model>M10</tiff:Model></rdf:Description></rdf:RDF></x:xmpmeta>'
    await twoHalves().withXmp(xmp).png().toFile(folder.path('xmp.png'))
    expect(await engine.read(folder.path('xmp.png'))).toMatchObject({ createdAt: '2019-08-07T04:05:04.000Z', camera: 'Leica M10' })
  })
})

test('pictures of ours are counted in few pixels, and drawn from them with transparency', async () => {
  await twoHalves().jpeg({ quality: 95 }).toFile(folder.path('halves.jpg'))
  const { data, width, height } = await engine.pixels(folder.path('halves.jpg'), 30)
  expect([width, height, data.length]).toEqual([30, 20, 30 * 20 * 3])
  expect([...data.subarray(0, 3)]).toSatisfy((found: readonly number[]) => isNear(found, [254, 0, 0]))
  expect([...data.subarray(-3)]).toSatisfy((found: readonly number[]) => isNear(found, [0, 0, 254]))
  const target = folder.path('drawn', 'wave.png')
  const rgba = Uint8Array.from([255, 0, 0, 255, 0, 255, 0, 128, 0, 0, 0, 0, 9, 8, 7, 255])
  expect(await engine.draw({ data: rgba, width: 2, height: 2 }, target)).toEqual({ path: target, width: 2, height: 2 })
  expect(await sharp(target).metadata()).toMatchObject({ format: 'png', hasAlpha: true })
  expect([...(await sharp(target).raw().toBuffer())]).toEqual([...rgba])
  expect(readdirSync(folder.path('drawn', '.'))).toEqual(['wave.png'])
  await expect(engine.draw({ data: rgba, width: 3, height: 2 }, target)).rejects.toThrow(RangeError)
})

describe('what is no good picture', () => {
  test('is refused by its header when it is too large', async () => {
    writeFileSync(folder.path('bomb.png'), pngHeader(65_535, 65_535))
    expect(await refused('bomb.png')).toBe('The picture is larger than allowed: more than 268 megapixels.')
    writeFileSync(folder.path('bomb.svg'), '<svg xmlns="http://www.w3.org/2000/svg" width="60000" height="60000"><rect width="1" height="1"/></svg>')
    expect(await refused('bomb.svg')).toBe('The picture is larger than allowed: more than 268 megapixels.')
  })

  test('is refused when it is cut off, damaged, empty or something else, and nothing is written', async () => {
    const whole = await twoHalves(600, 400).jpeg().toBuffer()
    writeFileSync(folder.path('cut.jpg'), whole.subarray(0, whole.length / 2))
    writeFileSync(folder.path('empty.png'), '')
    writeFileSync(folder.path('text.jpg'), 'This is not a picture.')
    writeFileSync(folder.path('page.svg'), '<!doctype html><html><body>hello</body></html>')
    writeFileSync(folder.path('broken.svg'), '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect></svg>')
    expect(await refused('cut.jpg', { headerIsWhole: true })).toBe('The picture is damaged: it cannot be decoded.')
    expect(await refused('empty.png')).toBe('The file is empty.')
    expect(await refused('text.jpg')).toBe('This kind of picture is not supported.')
    expect(await refused('page.svg')).toBe('This kind of picture is not supported.')
    expect(await refused('broken.svg')).toBe('The picture is damaged: it cannot be decoded.')
  })

  test('is not written when it is not wanted any more, and a missing file is no fault of the file', async () => {
    await twoHalves().png().toFile(folder.path('fine.png'))
    const target = folder.path('unwanted.jpg')
    const unwanted = engine.rendition({ source: folder.path('fine.png'), target, maxSize: 100, signal: AbortSignal.abort(new Error('the client left')) })
    await expect(unwanted).rejects.toThrow('the client left')
    expect(existsSync(target)).toBe(false)
    await expect(engine.read(folder.path('gone.png'))).rejects.not.toBeInstanceOf(MediaError)
  })
})

/** Some kilobytes of filters that would be computed for hours. */
const filterBomb = () => {
  const filters = '<feMorphology operator="dilate" radius="300"/><feGaussianBlur stdDeviation="200"/>'.repeat(60)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="8998" height="9000"><filter id="f" x="0" y="0" width="1" height="1">${filters}</filter><rect width="9000" height="9000" filter="url(#f)"/></svg>`
}

/** Processes that were started with this file. */
const processesWith = (path: string) =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path)
    } catch {
      return false // It ended meanwhile.
    }
  })

describe.skipIf(process.platform !== 'linux')('a drawing that would take hours', () => {
  const source = folder.path('bomb-of-filters.svg')
  const hasty = createSharp({ longestDrawingSeconds: 2 })
  const draw = (target: string, signal: AbortSignal) => hasty.rendition({ source, target, maxSize: 2048, signal })
  const out = folder.path('bombs', '.')

  test('is read, fails when its time is over, and leaves no process and no file', async () => {
    writeFileSync(source, filterBomb())
    expect(await engine.read(source)).toMatchObject({ format: 'svg', width: 8998, height: 9000 })
    const since = Date.now()
    await expect(draw(join(out, 'slow.jpg'), signal)).rejects.toEqual(new MediaError('It took longer than allowed.'))
    expect(Date.now() - since).toBeLessThan(10_000)
    expect([processesWith(source), readdirSync(out)]).toEqual([[], []])
  })

  test('ends with its signal', async () => {
    writeFileSync(source, filterBomb())
    const abort = new AbortController()
    const drawing = draw(join(out, 'aborted.jpg'), abort.signal)
    const refusal = expect(drawing).rejects.toThrow('the client left')
    await vi.waitFor(() => expect(processesWith(source)).not.toEqual([]), { timeout: 10_000 })
    abort.abort(new Error('the client left'))
    await refusal
    expect([processesWith(source), readdirSync(out)]).toEqual([[], []])
  })
})

test('a drawing comes out as large as is wanted, on white', async () => {
  writeFileSync(folder.path('plain.svg'), '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="400"><rect x="400" width="400" height="400" fill="#0000ff"/></svg>')
  const { path, width, height, metadata } = await rendition('plain.svg', 512)
  expect({ width, height }).toEqual({ width: 512, height: 256 })
  expect(metadata).toMatchObject({ format: 'jpeg', space: 'srgb', width: 512, height: 256 })
  expect(await pixel(path, 100, 100)).toSatisfy((found: readonly number[]) => isNear(found, [255, 255, 255]))
  expect(await pixel(path, 400, 100)).toSatisfy((found: readonly number[]) => isNear(found, [0, 0, 254]))
})

function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 6, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', Buffer.from('789c6300010000000500', 'hex')), chunk('IEND', Buffer.alloc(0))])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
