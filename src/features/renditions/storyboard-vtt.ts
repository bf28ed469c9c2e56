import type { Storyboard } from './renditions.schemas.ts'

/**
 * The tiles as WebVTT cues whose text is the sheet with a media fragment (`#xywh=`), which players read for pictures over their seek bar.
 * Nothing in a signed link is markup of cues: it has no `<`, and what follows its `&` names no character.
 */
export function storyboardVtt({ url, tile_width: width, tile_height: height, tiles }: Storyboard, durationSeconds: number | null): string {
  const starts = tiles.map(({ timestamp }) => Math.round(timestamp * 1000))
  const lastEnd = endOfLast(starts, durationSeconds)
  const cues = tiles.map(({ x, y }, index) => {
    const from = starts[index] ?? 0
    const to = Math.max(starts[index + 1] ?? lastEnd, from + 1) // a cue that ends where it begins is none
    return `${cueTime(from)} --> ${cueTime(to)}\n${url}#xywh=${x},${y},${width},${height}\n`
  })
  return ['WEBVTT\n', ...cues].join('\n')
}

/** The film's end; where that is not known, as long after the last tile as that is after the one before it. */
function endOfLast(starts: readonly number[], durationSeconds: number | null): number {
  const [before = 0, last = 0] = [starts.at(-2), starts.at(-1)]
  const end = durationSeconds === null ? 0 : Math.round(durationSeconds * 1000)
  return end > last ? end : last + Math.max(last - before, 1000)
}

function cueTime(ms: number): string {
  const digits = (value: number, count = 2) => String(value).padStart(count, '0')
  const seconds = Math.floor(ms / 1000)
  return `${digits(Math.floor(seconds / 3600))}:${digits(Math.floor(seconds / 60) % 60)}:${digits(seconds % 60)}.${digits(ms % 1000, 3)}`
}
