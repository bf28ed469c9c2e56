import sharp from 'sharp'
import { afterAll, describe, expect, test } from 'vitest'
import { addProfile } from '../../src/adapters/sharp/formats/png-profile.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import { deltaE, matrixProfile } from '../support/colours.ts'
import { mediaFolder } from '../support/films.ts'

const folder = mediaFolder('colours')
const engine = createSharp()
const { signal } = new AbortController()
afterAll(() => folder.remove())

const flat = ([r, g, b]: readonly [number, number, number]) => sharp({ create: { width: 64, height: 48, channels: 3, background: { r, g, b } } })

const rendered = async (name: string) => (await engine.rendition({ source: folder.path(name), target: folder.path('out', `${name}.jpg`), maxSize: 60, signal })).path

async function pixel(path: string, left: number, top: number): Promise<readonly number[]> {
  return [...(await sharp(path).extract({ left, top, width: 1, height: 1 }).raw().toBuffer())]
}

describe('colours beyond sRGB', () => {
  const ADOBE = matrixProfile([[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]], 2.19921875)
  const PROPHOTO = matrixProfile([[0.79767, 0.28804, 0], [0.13519, 0.71188, 0], [0.03135, 0.00009, 0.82511]], 1.8)
  // The same three colours, computed by hand in each space.
  const WANTED = [[200, 120, 60], [60, 160, 90], [90, 80, 200]] as const
  const P3 = [[189, 124, 72], [89, 158, 97], [88, 80, 193]] as const
  const spaces = [
    ['Adobe RGB', [[180, 119, 66], [102, 159, 94], [88, 81, 195]], () => ADOBE],
    ['ProPhoto RGB', [[148, 111, 59], [90, 134, 82], [93, 70, 176]], () => PROPHOTO],
    ['Display P3', P3, async () => (await sharp(await flat([255, 0, 0]).withIccProfile('p3').png().toBuffer()).metadata()).icc],
  ] as const

  test.each(spaces)('come out as they look: %s, of 8 and 16 bits', async (space, colours, profile) => {
    const icc = (await profile()) ?? Buffer.alloc(0)
    for (const [at, colour] of colours.entries())
      for (const depth of ['srgb', 'rgb16'] as const) {
        const name = `${space}-${at}-${depth}.png`
        await flat(colour).toColourspace(depth).png().toFile(folder.path(name))
        await addProfile(folder.path(name), icc, signal)
        expect(await engine.read(folder.path(name))).toMatchObject({ bitDepth: depth === 'srgb' ? 8 : 16 })
        const found = await pixel(await rendered(name), 30, 20)
        expect(deltaE(found, WANTED[at] ?? []), `${name}: ${found}`).toBeLessThan(2)
      }
  })

  test.each(['deep.png', 'deep.tif', 'deep-in-passes.png'])('are none where a picture of 16 bits says nothing of its colours: %s', async (name) => {
    const picture = flat([220, 20, 30]).toColourspace('rgb16')
    await (name.endsWith('.tif') ? picture.tiff() : picture.png({ progressive: name.includes('passes') /* decoded in a process of its own */ })).toFile(folder.path(name))
    expect(deltaE(await pixel(await rendered(name), 30, 20), [220, 20, 30]), name).toBeLessThan(2)
  })

  test('and those of print too', async () => {
    await flat([150, 120, 110]).toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 98 }).toFile(folder.path('print.jpg'))
    expect(await engine.read(folder.path('print.jpg'))).toMatchObject({ colorSpace: 'cmyk' })
    expect(deltaE(await pixel(await rendered('print.jpg'), 30, 20), [150, 120, 110])).toBeLessThan(4)
  })

  test('a profile that is none does no harm', async () => {
    await flat([200, 120, 60]).png().toFile(folder.path('no-profile.png'))
    await addProfile(folder.path('no-profile.png'), Buffer.alloc(600, 0x5a), signal)
    expect(deltaE(await pixel(await rendered('no-profile.png'), 30, 20), [200, 120, 60])).toBeLessThan(2)
  })
})
