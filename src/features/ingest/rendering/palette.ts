import type { Rgb } from './renditions.repository.ts'
import type { Pixels } from '../../../ports/image-engine.ts'

type Lab = readonly [l: number, a: number, b: number]
interface Cluster {
  readonly centre: Lab
  readonly weight: number
}

const MOST_COLOURS = 6
const CANDIDATES = 10
const ROUNDS = 12
/** Nearer than this (CIE76) two colours are named alike. */
const SAME_COLOUR = 14
/** A smaller part of the picture is a detail. */
const LEAST_SHARE = 0.015

/**
 * The main colours of pictures, the most frequent first: k-means in CIELAB, where distance is what the eye sees, over the colours that occur.
 * The same pictures give the same colours: the first centres are those furthest from each other, not drawn by lot.
 */
export function paletteOf(pictures: readonly Pixels[]): readonly Rgb[] {
  const colours = histogram(pictures)
  if (colours.length === 0) return []
  let clusters = furthest(colours)
  for (let round = 0; round < ROUNDS; round += 1) clusters = regrouped(colours, clusters)
  const whole = colours.reduce((sum, each) => sum + each.weight, 0)
  const main = merged(clusters).filter((each) => each.weight >= whole * LEAST_SHARE)
  return main.slice(0, MOST_COLOURS).map(({ centre }) => toRgb(centre))
}

/** Colours with how often they occur: those that share the upper five bits of each component count as their mean. */
function histogram(pictures: readonly Pixels[]): readonly Cluster[] {
  const cells = new Map<number, { sum: [number, number, number]; count: number }>()
  for (const { data } of pictures)
    for (let at = 0; at + 2 < data.length; at += 3) {
      const [r, g, b] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0]
      const key = ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3)
      const cell = cells.get(key)
      if (!cell) cells.set(key, { sum: [r, g, b], count: 1 })
      else {
        cell.sum = [cell.sum[0] + r, cell.sum[1] + g, cell.sum[2] + b]
        cell.count += 1
      }
    }
  return [...cells.values()].map(({ sum: [r, g, b], count }) => ({ centre: toLab([r / count, g / count, b / count]), weight: count }))
}

/** The most frequent colour, then again and again the one furthest from all that were taken, frequent ones rather than rare. */
function furthest(colours: readonly Cluster[]): readonly Cluster[] {
  const [first] = [...colours].sort((a, b) => b.weight - a.weight)
  const taken = first ? [first] : []
  const distances = colours.map((each) => (first ? squareDistance(each.centre, first.centre) : 0))
  while (taken.length < Math.min(CANDIDATES, colours.length)) {
    const best = distances.reduce((at, distance, next) => (distance * weightOf(colours, next) > (distances[at] ?? 0) * weightOf(colours, at) ? next : at), 0)
    const chosen = colours[best]
    if (!chosen || (distances[best] ?? 0) === 0) break
    taken.push(chosen)
    colours.forEach((each, at) => (distances[at] = Math.min(distances[at] ?? 0, squareDistance(each.centre, chosen.centre))))
  }
  return taken
}

const weightOf = (colours: readonly Cluster[], at: number) => Math.sqrt(colours[at]?.weight ?? 0)

/** Each colour to its nearest centre, each centre to the mean of its colours. */
function regrouped(colours: readonly Cluster[], clusters: readonly Cluster[]): readonly Cluster[] {
  const sums = clusters.map(() => ({ l: 0, a: 0, b: 0, weight: 0 }))
  for (const { centre, weight } of colours) {
    const nearest = clusters.reduce((best, each, at) => (squareDistance(each.centre, centre) < squareDistance(clusters[best]?.centre ?? each.centre, centre) ? at : best), 0)
    const sum = sums[nearest]
    if (!sum) continue
    sum.l += centre[0] * weight
    sum.a += centre[1] * weight
    sum.b += centre[2] * weight
    sum.weight += weight
  }
  return sums.filter((each) => each.weight > 0).map(({ l, a, b, weight }) => ({ centre: [l / weight, a / weight, b / weight], weight }))
}

/** Alike ones together, the heaviest first. */
function merged(clusters: readonly Cluster[]): readonly Cluster[] {
  const kept: Cluster[] = []
  for (const each of [...clusters].sort((a, b) => b.weight - a.weight)) {
    const at = kept.findIndex((other) => squareDistance(other.centre, each.centre) < SAME_COLOUR ** 2)
    const twin = kept[at]
    if (twin) kept[at] = { centre: twin.centre, weight: twin.weight + each.weight }
    else kept.push(each)
  }
  return kept.sort((a, b) => b.weight - a.weight)
}

const squareDistance = (p: Lab, q: Lab) => (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2

/** Of D65, IEC 61966-2-1 and CIE 15. */
const WHITE = [0.95047, 1, 1.08883] as const
const linear = (coded: number) => (coded <= 0.04045 ? coded / 12.92 : ((coded + 0.055) / 1.055) ** 2.4)
const coded = (light: number) => (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055)
const root = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (t * 24389) / 27 / 116 + 16 / 116)
const cube = (t: number) => (t ** 3 > 216 / 24389 ? t ** 3 : ((t - 16 / 116) * 116 * 27) / 24389)

function toLab([red, green, blue]: Rgb): Lab {
  const [r, g, b] = [linear(red / 255), linear(green / 255), linear(blue / 255)]
  const x = root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / WHITE[0])
  const y = root(0.2126729 * r + 0.7151522 * g + 0.072175 * b)
  const z = root((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / WHITE[2])
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

function toRgb([l, a, b]: Lab): Rgb {
  const y = (l + 16) / 116
  const [X, Y, Z] = [cube(y + a / 500) * WHITE[0], cube(y), cube(y - b / 200) * WHITE[2]]
  const byte = (light: number) => Math.round(Math.min(1, Math.max(0, coded(Math.max(0, light)))) * 255)
  return [byte(3.2404542 * X - 1.5371385 * Y - 0.4985314 * Z), byte(-0.969266 * X + 1.8760108 * Y + 0.041556 * Z), byte(0.0556434 * X - 0.2040259 * Y + 1.0572252 * Z)]
}
