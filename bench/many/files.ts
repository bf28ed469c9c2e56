import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { ffmpeg, noise, numbered, x264 } from '../../test/support/films.ts'

const variants = 8

/** Of ten files that come in: four photos, two drawings, two films of a second, a recording, a text. */
const mix = ['jpg', 'png', 'jpg', 'mp4', 'jpg', 'wav', 'png', 'jpg', 'mp4', 'txt'] as const
type Kind = (typeof mix)[number]

const picture = (width: number, height: number) => {
  const pixels = Buffer.alloc(width * height * 3)
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = (at * 2_654_435_761) >>> 24
  return sharp(pixels, { raw: { width, height, channels: 3 } }).blur(2)
}

const makers: Readonly<Record<Kind, (path: string, variant: number) => Promise<unknown>>> = {
  jpg: (path, variant) => picture(1600 + variant, 1200).jpeg({ quality: 85 }).toFile(path),
  png: (path, variant) => picture(640 + variant, 480).png().toFile(path),
  mp4: (path, variant) => ffmpeg('-f', 'lavfi', '-i', numbered('25', 1, { width: 640, height: 360 }), '-f', 'lavfi', '-i', noise(1), ...x264, '-c:a', 'aac', '-metadata', `title=${variant}`, path),
  wav: (path, variant) => ffmpeg('-f', 'lavfi', '-i', noise(2 + variant / 10), path),
  txt: async (path, variant) => writeFileSync(path, `shot ${variant}, take 1\n`.repeat(50)),
}

/** So many small files, mixed, in the folder; answers their paths in the order in which they come in. */
export async function smallFiles(folder: string, count: number): Promise<string[]> {
  const originals = join(folder, 'originals')
  mkdirSync(originals)
  for (const kind of new Set(mix)) for (let variant = 0; variant < variants; variant += 1) await makers[kind](join(originals, `${variant}.${kind}`), variant)
  return Array.from({ length: count }, (_, n) => {
    const kind = mix[n % mix.length] ?? 'txt'
    const path = join(folder, `${String(n).padStart(4, '0')}.${kind}`)
    copyFileSync(join(originals, `${n % variants}.${kind}`), path)
    return path
  })
}
