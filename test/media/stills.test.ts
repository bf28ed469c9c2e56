import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { MediaError } from '../../src/ports/media-engine.ts'
import { deltaE, matrixProfile } from '../support/colours.ts'
import { bundled, ffmpeg, mediaFolder } from '../support/films.ts'
import { box, type HevcTile, heifOf, hevcTile, imir, irot, u16, u32 } from '../support/heif.ts'
import { cr3Of, ddsOf, exrOf, hdrOf, type Look, psdOf, type TiffDirectory, tiffOf } from '../support/still-files.ts'

// Each picture takes a process or two, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const folder = mediaFolder('stills')
const temp = folder.path('temp', '.')
const { signal } = new AbortController()
const enginesBy = {
  'the ffmpeg that npm brings': createSharp({ stills: createFfmpeg({ tempDir: temp, slots: 1, ffmpegPath: bundled('ffmpeg'), ffprobePath: bundled('ffprobe') }).stills }),
  'the ffmpeg of the system, where it has one': createSharp({ stills: createFfmpeg({ tempDir: temp, slots: 1 }).stills }),
}
const engines = Object.entries(enginesBy)
const [, anyEngine] = engines[1] ?? []
const engine = anyEngine ?? createSharp()

const SIZE = { width: 120, height: 80 }
const [RED, GREEN, BLUE, GREY] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128]] as const
/** Red and green above, blue and grey below: each turn of it looks different. */
const quarters: Look = (x, y) => (y < 40 ? (x < 60 ? RED : GREEN) : x < 60 ? BLUE : GREY)
const UPRIGHT = [RED, GREEN, BLUE, GREY]
const linear = (value: number) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
const light: Look = (x, y) => {
  const [r, g, b] = quarters(x, y)
  return [linear(r), linear(g), linear(b)]
}

let plain: Buffer
let jpeg: Buffer
let tiles: readonly HevcTile[]
beforeAll(async () => {
  const pixels = Buffer.from(Array.from({ length: 120 * 80 }, (_, at) => quarters(at % 120, Math.floor(at / 120))).flat())
  plain = await sharp(pixels, { raw: { ...SIZE, channels: 3 } }).png().toBuffer()
  jpeg = await sharp(plain).jpeg({ quality: 98, chromaSubsampling: '4:4:4' }).toBuffer()
  writeFileSync(folder.path('plain.png'), plain)
  tiles = await Promise.all(['red', '#00ff00', 'blue', '#808080'].map((colour, at) => hevcTile(folder.path(`tile${at}.hevc`), colour)))
}, 30_000)
afterAll(() => folder.remove())

const store = (name: string, bytes: Buffer): string => {
  writeFileSync(folder.path(name), bytes)
  return name
}

/** Its colours above left, above right, below left, below right. */
async function shown(name: string, by = engine) {
  const target = folder.path('out', `${name}.jpg`)
  const { width, height } = await by.rendition({ source: folder.path(name), target, maxSize: 400, signal })
  const colours = await Promise.all(
    [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]].map(async ([x = 0, y = 0]) => {
      const area = { left: Math.floor(width * x), top: Math.floor(height * y), width: 1, height: 1 }
      return [...(await sharp(target).extract(area).raw().toBuffer())]
    }),
  )
  expect(left(name)).toEqual([`${name}.jpg`])
  return { width, height, colours }
}

/** What a picture leaves beside its rendition, and in the folder of temporary files. */
const left = (name: string) => [...readdirSync(dirname(folder.path('out', 'x'))).filter((each) => each.startsWith(`${name}.`)), ...(existsSync(join(temp, 'jobs')) ? readdirSync(join(temp, 'jobs')) : [])]

function expectColours({ colours }: { readonly colours: readonly (readonly number[])[] }, wanted: readonly (readonly number[])[], most = 3) {
  colours.forEach((each, at) => expect(deltaE(each, wanted[at] ?? []), `${each} and not ${wanted[at]}`).toBeLessThan(most))
}

const isPlain = (message: string) => /^[A-Z].*\.$/.test(message) && !/[/\\[\]]|0x|ffprobe|stills/.test(message)

/** The reason that its owner is given; nothing may be left. */
async function refusal(name: string, by = engine): Promise<string> {
  const refused = await by.rendition({ source: folder.path(name), target: folder.path('out', `${name}.jpg`), maxSize: 100, signal }).catch((error: unknown) => error)
  if (!(refused instanceof MediaError)) throw new Error(`${name} was not refused`, { cause: refused })
  expect(refused.message).toSatisfy(isPlain)
  expect(left(name)).toEqual([])
  return refused.message
}

describe.each(engines)('with %s', (_, by) => {
  test('pictures of film, games and prints come out right', async () => {
    for (const [name, ...options] of [['a.bmp'], ['a.tga'], ['a.dpx'], ['a.jp2', '-c:v', 'libopenjpeg']]) await ffmpeg('-i', folder.path('plain.png'), ...options, folder.path(name ?? ''))
    store('float.exr', exrOf(SIZE, false, light))
    store('half.exr', exrOf(SIZE, true, light))
    store('a.psd', psdOf(SIZE, quarters))
    store('deep.psd', psdOf(SIZE, quarters, { depth: 16 }))
    store('a.dds', ddsOf(SIZE, quarters))
    store('flat.hdr', hdrOf(SIZE, false, light))
    store('packed.hdr', hdrOf(SIZE, true, light))
    const formats = { 'a.bmp': 'bmp', 'a.tga': 'tga', 'a.dpx': 'dpx', 'a.jp2': 'jp2', 'float.exr': 'exr', 'half.exr': 'exr', 'a.psd': 'psd', 'deep.psd': 'psd', 'a.dds': 'dds', 'flat.hdr': 'hdr', 'packed.hdr': 'hdr' }
    for (const [name, format] of Object.entries(formats)) {
      expect(await by.read(folder.path(name)), name).toMatchObject({ format, ...SIZE, pages: 1, colorSpace: 'srgb' })
      const picture = await shown(name, by)
      expect(picture, name).toMatchObject(SIZE)
      // What is brightest in an HDR is bent.
      expectColours(picture, format === 'hdr' ? UPRIGHT.map((each) => each.map((value) => Math.min(value, 249))) : UPRIGHT, 5)
    }
    expect(await by.read(folder.path('deep.psd'))).toMatchObject({ bitDepth: 16 })
  })

  test('light below black and beyond white is cut off', async () => {
    for (const [name, isHalf] of [['over.exr', false], ['over-half.exr', true]] as const) {
      store(name, exrOf(SIZE, isHalf, (x, y) => (y < 40 ? (x < 60 ? [-2, -0.5, 8] : [20, 20, 20]) : [0.2158605, 0.2158605, 0.2158605])))
      expectColours(await shown(name, by), [BLUE, [255, 255, 255], GREY, GREY])
    }
  })

  test('HEIC of another program, of one tile and of odd size, comes out right', async () => {
    copyFileSync('test/fixtures/quarters.heic', folder.path('phone.heic'))
    expect(await by.read(folder.path('phone.heic'))).toMatchObject({ format: 'heic', width: 301, height: 199, bitDepth: 8 })
    const picture = await shown('phone.heic', by)
    expect(picture).toMatchObject({ width: 301, height: 199 })
    expectColours(picture, UPRIGHT)
  })

  test('HEIC of a grid is put together, cut, turned and mirrored as it says', async () => {
    const grid = { columns: 2, rows: 2, width: 128, height: 100 }
    const turns: readonly (readonly [string, readonly Buffer[], readonly (readonly number[])[], boolean])[] = [
      ['none', [], UPRIGHT, false],
      ['left', [irot(1)], [GREEN, GREY, RED, BLUE], true],
      ['about', [irot(2)], [GREY, BLUE, GREEN, RED], false],
      ['right', [irot(3)], [BLUE, RED, GREY, GREEN], true],
      ['mirrored', [imir(1)], [GREEN, RED, GREY, BLUE], false],
      ['upside-down', [imir(0)], [BLUE, GREY, RED, GREEN], false],
      ['left-mirrored', [irot(1), imir(1)], [GREY, GREEN, BLUE, RED], true],
    ]
    const exif = tiffOf({ values: [[0x10f, 2, 'Maker'], [0x110, 2, 'Maker One'], [0x112, 3, 6]], children: [[0x8769, { values: [[0x9003, 2, '2024:06:01 12:00:00'], [0x9011, 2, '+02:00'], [0xa434, 2, '24-70mm F2.8']] }]] }) // prettier-ignore
    for (const [turn, properties, colours, isOnItsSide] of turns) {
      const name = store(`${turn}.heic`, heifOf({ tiles, grid, properties, exif, isInMeta: turn === 'about' }))
      const size = isOnItsSide ? { width: 100, height: 128 } : { width: 128, height: 100 }
      // EXIF's own orientation does not count in HEIF.
      expect(await by.read(folder.path(name)), turn).toEqual({ format: 'heic', ...size, colorSpace: 'srgb', pages: 1, bitDepth: 8, createdAt: '2024-06-01T10:00:00.000Z', camera: 'Maker One', lens: '24-70mm F2.8' })
      const picture = await shown(name, by)
      expect(picture, turn).toMatchObject(size)
      expectColours(picture, colours, 5)
    }
  })

  test('HEIC is coloured as its profile says, or the numbers that stand for it', async () => {
    const orange = [await hevcTile(folder.path('orange.hevc'), '0xbd7a48')]
    const icc = (await sharp(await sharp(plain).withIccProfile('p3').png().toBuffer()).metadata()).icc ?? Buffer.alloc(0)
    const numbers = box('colr', Buffer.from('nclx'), u16(12), u16(13), u16(6), Buffer.from([128]))
    for (const [name, properties, colour] of [['plain', [], [189, 122, 72]], ['profile', [box('colr', Buffer.from('prof'), icc)], [200, 120, 60]], ['numbers', [numbers], [200, 120, 60]]] as const) {
      const { colours } = await shown(store(`${name}-colour.heic`, heifOf({ tiles: orange, properties })), by)
      expect(deltaE(colours[0] ?? [], colour), `${name}: ${colours[0]}`).toBeLessThan(3)
    }
  })

  test('what is damaged, cut off or too large is refused in plain words, and leaves nothing', async () => {
    for (const [name, ...options] of [['b.bmp'], ['b.tga'], ['b.dpx'], ['b.jp2', '-c:v', 'libopenjpeg']]) await ffmpeg('-i', folder.path('plain.png'), ...options, folder.path(name ?? ''))
    const made = { exr: exrOf(SIZE, false, light), psd: psdOf(SIZE, quarters), dds: ddsOf(SIZE, quarters), hdr: hdrOf(SIZE, true, light), heic: heifOf({ tiles, grid: { columns: 2, rows: 2, width: 128, height: 128 } }), 'one.heic': readFileSync('test/fixtures/quarters.heic') }
    const whole: Readonly<Record<string, Buffer>> = { ...made, ...Object.fromEntries(['bmp', 'tga', 'dpx', 'jp2'].map((kind) => [kind, readFileSync(folder.path(`b.${kind}`))])) }
    for (const [kind, bytes] of Object.entries(whole)) {
      for (const share of [0.02, 0.4, 0.9]) {
        // Packed without loss, one tenth less of JPEG 2000 is only a little less sharp.
        if (kind === 'jp2' && share === 0.9) continue
        await refusal(store(`cut-${share}.${kind}`, bytes.subarray(0, Math.max(12, bytes.length * share))), by)
      }
    }
    const huge = { width: 20_000, height: 20_000 }
    const patched = (bytes: Buffer, ...places: readonly (readonly [at: number, value: Buffer])[]) => {
      const copy = Buffer.from(bytes)
      for (const [at, value] of places) value.copy(copy, at)
      return copy
    }
    const le32 = (value: number) => Buffer.from(u32(value)).reverse()
    const large = [
      store('huge.psd', patched(made.psd, [14, u32(20_000)], [18, u32(20_000)])),
      store('huge.bmp', patched(whole['bmp'] ?? plain, [18, le32(20_000)], [22, le32(20_000)])),
      store('huge.hdr', Buffer.from('#?RADIANCE\n\n-Y 20000 +X 20000\nabcd')),
      store('huge.heic', heifOf({ tiles: tiles.map((each) => ({ ...each, size: 10_000 })), grid: { columns: 2, rows: 2, ...huge } })),
    ]
    for (const name of large) expect(await refusal(name, by), name).toMatch(/^The picture is larger than allowed/)
  })
})

const CAMERA: TiffDirectory['values'] = [[0x10f, 2, 'NIKON CORPORATION'], [0x110, 2, 'NIKON D850'], [0x112, 3, 6]]
const SHOT: TiffDirectory = { values: [[0x9003, 2, '2023:03:04 05:06:07'], [0xa434, 2, '50mm f/1.4']] }
const rawData: TiffDirectory = { values: [[0x100, 4, 240], [0x101, 4, 160], [0x102, 3, 14], [0x103, 3, 34713], [0x106, 3, 32803]] }
const SAID = { camera: 'NIKON D850', lens: '50mm f/1.4', createdAt: '2023-03-04T05:06:07.000Z' }

describe('camera raws', () => {
  const small = async () => sharp(plain).resize(30, 20).jpeg().toBuffer()

  test('show the largest JPEG in them, turned as the raw says, with its camera, lens and date', async () => {
    const nef = tiffOf({ values: CAMERA, blob: [0x201, 0x202, await small()], children: [[0x8769, SHOT], [0x14a, { ...rawData, blob: [0x201, 0x202, jpeg] }]] })
    const strip = { values: [[0x103, 3, 6], [0x106, 3, 6]], blob: [0x111, 0x117, jpeg] } as const satisfies TiffDirectory
    const dng = tiffOf({ values: [...CAMERA, [0xc612, 4, 0x0401]], children: [[0x8769, SHOT], [0x14a, { ...strip, values: [[0x103, 3, 7]] }]] })
    const orf = tiffOf({ values: [...CAMERA, ...strip.values], blob: strip.blob, children: [[0x8769, SHOT]] }, 0x4f52)
    for (const [name, bytes] of [['a.nef', nef], ['a.dng', dng], ['a.orf', orf]] as const) {
      store(name, bytes)
      const size = name === 'a.nef' ? { width: 160, height: 240, bitDepth: 14 } : { width: 80, height: 120, bitDepth: null }
      expect(await engine.read(folder.path(name)), name).toMatchObject({ format: 'raw', ...size, ...SAID })
      const picture = await shown(name)
      expect(picture, name).toMatchObject({ width: 80, height: 120 })
      expectColours(picture, [BLUE, RED, GREY, GREEN])
    }
  })

  test('of Fuji and Canon show theirs', async () => {
    const turned = await sharp(plain).withExif({ IFD0: { Make: 'FUJIFILM', Model: 'X-T5' } }).withMetadata({ orientation: 3 }).jpeg({ quality: 98 }).toBuffer()
    const raf = Buffer.alloc(160)
    raf.write('FUJIFILMCCD-RAW 0201')
    raf.writeUInt32BE(160, 84)
    raf.writeUInt32BE(turned.length, 88)
    store('a.raf', Buffer.concat([raf, turned]))
    expectColours(await shown('a.raf'), [GREY, BLUE, GREEN, RED], 6)
    store('a.cr3', cr3Of(jpeg, [{ values: CAMERA }, SHOT]))
    expect(await engine.read(folder.path('a.cr3'))).toMatchObject({ format: 'raw', width: 80, height: 120, ...SAID })
    expectColours(await shown('a.cr3'), [BLUE, RED, GREY, GREEN])
  })

  test('without a picture, or with one that is cut off, say so', async () => {
    store('bare.nef', tiffOf({ values: CAMERA, children: [[0x14a, rawData]] }))
    expect(await refusal('bare.nef')).toMatch(/^This camera raw file holds no preview/)
    const whole = tiffOf({ values: CAMERA, children: [[0x14a, { ...rawData, blob: [0x201, 0x202, jpeg] }]] })
    const half = Buffer.from(whole)
    half.fill(0, half.indexOf(jpeg.subarray(0, 20)) + Math.floor(jpeg.length / 2))
    for (const each of [store('cut.nef', whole.subarray(0, 600)), store('spoilt.nef', half)]) await refusal(each)
    // A directory that leads to itself.
    const looped = Buffer.from(whole)
    looped.writeUInt32LE(looped.readUInt32LE(4), looped.length - 4)
    store('looped.nef', looped)
    expectColours(await shown('looped.nef'), [BLUE, RED, GREY, GREEN])
  })
})

describe('Photoshop files', () => {
  test('are coloured as their profile says', async () => {
    const adobe = matrixProfile([[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]], 2.19921875)
    store('adobe.psd', psdOf(SIZE, () => [181, 120, 68], { profile: adobe }))
    expectColours(await shown('adobe.psd'), [[200, 120, 60], [200, 120, 60], [200, 120, 60], [200, 120, 60]])
  })

  test('that cannot be decoded show the thumbnail in them, or say what to do', async () => {
    store('print.psd', psdOf(SIZE, quarters, { mode: 'cmyk', thumbnail: jpeg }))
    expect(await engine.read(folder.path('print.psd'))).toMatchObject({ format: 'psd', ...SIZE, colorSpace: 'cmyk' })
    expectColours(await shown('print.psd'), UPRIGHT)
    store('large.psb', psdOf(SIZE, quarters, { isLarge: true, thumbnail: jpeg }))
    expectColours(await shown('large.psb'), UPRIGHT)
    expect(await refusal(store('bare.psd', psdOf(SIZE, quarters, { mode: 'cmyk' })))).toMatch(/Maximize compatibility/)
  })
})

test('what cannot be shown says what it is and what to do', async () => {
  const without = createSharp()
  store('drawing.ai', Buffer.from('%PDF-1.5\n%\u00e2\u00e3'))
  expect(await refusal('drawing.ai')).toBe('Illustrator, PDF and PostScript files cannot be shown here: export it as PNG, TIFF or SVG.')
  store('b.exr', exrOf(SIZE, false, light))
  expect(await refusal('b.exr', without)).toBe('This kind of picture cannot be decoded here, without ffmpeg: export it as JPEG, PNG or TIFF.')
  copyFileSync('test/fixtures/quarters.jxl', folder.path('a.jxl'))
  expect(await refusal('a.jxl', enginesBy['the ffmpeg that npm brings'])).toBe('JPEG XL pictures cannot be decoded by the ffmpeg that is used here: export it as JPEG, PNG or TIFF.')
})
