import { u16, u32 } from './heif.ts'

/** The difference that eyes see (CIE 1976), of two sRGB colours; below 2 hardly any. */
export function deltaE(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [lab(one), lab(other)]
  return Math.hypot(...a.map((value, at) => value - (b[at] ?? 0)))
}

function lab(rgb: readonly number[]): readonly number[] {
  const [r = 0, g = 0, b = 0] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4))
  const curve = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116)
  const [x = 0, y = 0, z = 0] = [(0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505, 0.2126 * r + 0.7152 * g + 0.0722 * b, (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089].map(curve)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

/** An ICC profile of three colorants (XYZ under D50) and one gamma, version 2.1: enough for Adobe RGB and ProPhoto. */
export function matrixProfile(colorants: readonly (readonly number[])[], gamma: number): Buffer {
  const fixed = (value: number) => u32(Math.round(value * 65_536))
  const xyz = (values: readonly number[]) => Buffer.concat([Buffer.from('XYZ \0\0\0\0'), ...values.map(fixed)])
  const text = Buffer.concat([Buffer.from('desc\0\0\0\0'), u32(5), Buffer.from('test\0'), Buffer.alloc(78 + 3)])
  const curve = Buffer.concat([Buffer.from('curv\0\0\0\0'), u32(1), u16(Math.round(gamma * 256)), u16(0)])
  const tags = [['desc', text], ['cprt', Buffer.from('text\0\0\0\0none\0\0\0\0')], ['wtpt', xyz([0.9642, 1, 0.8249])], ...colorants.map((each, at) => [`${'rgb'[at]}XYZ`, xyz(each)] as const), ...['r', 'g', 'b'].map((each) => [`${each}TRC`, curve] as const)] as readonly (readonly [string, Buffer])[] // prettier-ignore
  let at = 128 + 4 + tags.length * 12
  const table = tags.map(([name, data]) => {
    at += data.length
    return Buffer.concat([Buffer.from(name), u32(at - data.length), u32(data.length)])
  })
  const head = Buffer.alloc(128)
  head.writeUInt32BE(at, 0)
  head.writeUInt32BE(0x02100000, 8)
  head.write('mntrRGB XYZ ', 12)
  head.write('acsp', 36)
  ;[0.9642, 1, 0.8249].forEach((value, place) => fixed(value).copy(head, 68 + place * 4))
  return Buffer.concat([head, u32(tags.length), ...table, ...tags.map(([, data]) => data)])
}
