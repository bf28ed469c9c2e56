import type { Pixels } from '../../../ports/image-engine.ts'

interface Light {
  /** 0 black to 1 white. */
  readonly mean: number
  /** Standard deviation, in the same unit. */
  readonly deviation: number
}

/** Below it is black or white, or a colour without anything in it: slates, fades, leader. */
const LEAST_DEVIATION = 0.05
const LEAST_MEAN = 0.06
const MOST_MEAN = 0.96

/** The place of the picture to show for the film: the first from a tenth on that has something to see, else the first before it, else the one with most in it. */
export function mostTelling(pictures: readonly Pixels[]): number {
  const lights = pictures.map(lightOf)
  const start = Math.ceil(pictures.length / 10)
  const order = [...lights.keys()].map((_, at) => (at + start) % Math.max(1, pictures.length))
  const found = order.find((at) => isTelling(lights[at]))
  return found ?? lights.reduce((best, light, at) => (light.deviation > (lights[best]?.deviation ?? 0) ? at : best), 0)
}

const isTelling = (light: Light | undefined) => light !== undefined && light.deviation >= LEAST_DEVIATION && light.mean >= LEAST_MEAN && light.mean <= MOST_MEAN

/** By BT.709's weights, on the values as they are coded, which is nearer to the eye than light itself. */
function lightOf({ data }: Pixels): Light {
  let [sum, squares] = [0, 0]
  const count = Math.max(1, data.length / 3)
  for (let at = 0; at + 2 < data.length; at += 3) {
    const luma = (0.2126 * (data[at] ?? 0) + 0.7152 * (data[at + 1] ?? 0) + 0.0722 * (data[at + 2] ?? 0)) / 255
    sum += luma
    squares += luma * luma
  }
  const mean = sum / count
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) }
}
