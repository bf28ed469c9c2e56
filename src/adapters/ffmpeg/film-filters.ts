import { deinterlaced, toFilm, toPicture } from './colour.ts'
import type { FilmPlan, RenderPlan } from './render-plan.ts'

/** One graph, so that the film is decoded once: a branch for each result. */
export function filmFilters({ order, film, canToneMap }: RenderPlan): readonly string[] {
  if (!film) return []
  const { stream, previewSize, proxySize, tileSize } = film
  const { proxy, previews, storyboard } = order
  const branches = [
    ...(proxy ? [[...toFilm(stream, { size: proxySize, canToneMap }), 'null[film]']] : []),
    ...(previews ? [[nth(previews.everyFrames, previews.most), ...toPicture(stream, { size: previewSize, canToneMap }), ...timed('previews')]] : []),
    ...(storyboard ? [[nth(storyboard.everyFrames, storyboard.mostTiles), ...toPicture(stream, { size: tileSize, canToneMap }), ...timed('storyboard')]] : []),
    ...(countsFrames({ order, film }) ? [[`${CORNER}[frames]`]] : []),
  ]
  if (branches.length === 0) return []
  const source = [`[0:${stream.index}]null`, ...deinterlaced(stream)].join(',')
  if (branches.length === 1) return branches.map((branch) => [source, ...branch].join(','))
  return [`${source},split=${branches.length}${branches.map((_, at) => `[v${at}]`).join('')}`, ...branches.map((branch, at) => `[v${at}]${branch.join(',')}`)]
}

/** Without a proxy nothing else tells how many frames there are: a corner of each, which costs nothing, goes into a list of their times. */
export const countsFrames = ({ order, film }: { readonly order: RenderPlan['order']; readonly film: FilmPlan | null }): boolean =>
  film !== null && !order.proxy && (order.previews !== undefined || order.storyboard !== undefined)

const nth = (everyFrames: number, most?: number) => `select='not(mod(n\\,${everyFrames}))${most === undefined ? '' : `*lt(n\\,${everyFrames * most})`}'`

/** Of each picture a corner goes into a list of their times too, on the clock of the proxy; the number of a frame is how many came before it. */
const timed = (name: 'previews' | 'storyboard') => [`split[${name}][${name}_timed];[${name}_timed]${CORNER}[${name}_times]`]

const CORNER = 'crop=min(iw\\,16):min(ih\\,16):0:0:exact=1'
