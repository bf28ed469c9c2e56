import { deinterlaced, toFilm, toPicture } from './colour.ts'
import type { FilmPlan, RenderPlan } from './render-plan.ts'

/** One graph, so that the film is decoded once: a branch for each result. */
export function filmFilters({ order, film, canToneMap }: RenderPlan): readonly string[] {
  if (!film) return []
  const { stream, previewSize, proxySize, sheet } = film
  const { proxy, previews, storyboard } = order
  const branches = [
    ...(proxy ? [[...toFilm(stream, { size: proxySize, canToneMap }), 'null[film]']] : []),
    ...(previews ? [[nth(previews.everyFrames), ...toPicture(stream, { size: previewSize, canToneMap }), ...told('previews'), 'null[previews]']] : []),
    ...(storyboard
      ? [[nth(storyboard.everyFrames, sheet.mostTiles), ...toPicture(stream, { size: sheet.tile, canToneMap }), ...told('storyboard'), `tile=${sheet.columns}x${sheet.rows}[storyboard]`]]
      : []),
    ...(countsFrames({ order, film }) ? [['crop=min(iw\\,16):min(ih\\,16):0:0[frames]']] : []),
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

/** showinfo tells the time of each picture, in microseconds; the number of a frame is how many came before it. */
const told = (name: 'previews' | 'storyboard') => ['settb=1/1000000', `showinfo@${name}`]
