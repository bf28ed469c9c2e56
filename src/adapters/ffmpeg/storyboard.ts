import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Probe, RenderOrder, RenderedStoryboard } from '../../ports/media-engine.ts'
import { expectSuccess } from './faults.ts'
import type { Size } from './geometry.ts'
import { memoryFor } from './memory.ts'
import type { Kit } from './probe.ts'

type StoryboardOrder = NonNullable<RenderOrder['storyboard']>

const COLUMNS = 10

/** The sheet that ffmpeg fills; its size must be known before the first frame is. */
export interface Sheet {
  readonly tile: Size
  readonly columns: number
  readonly rows: number
  readonly mostTiles: number
}

/** For as many tiles as the header promises, or as there may be where it promises nothing. */
export function sheetFor({ everyFrames, mostTiles }: Pick<StoryboardOrder, 'everyFrames' | 'mostTiles'>, { video }: Probe, tile: Size): Sheet {
  const promised = Math.max(1, Math.min(mostTiles, video?.frameCount ? Math.ceil(video.frameCount / everyFrames) : mostTiles))
  const columns = Math.min(COLUMNS, promised)
  const rows = Math.ceil(promised / columns)
  return { tile, columns, rows, mostTiles: Math.min(mostTiles, columns * rows) }
}

interface Filled {
  readonly kit: Kit
  readonly order: RenderOrder
  readonly storyboard: StoryboardOrder
  readonly folder: string
  readonly name: string
  readonly sheet: Sheet
  readonly tiles: RenderedStoryboard['tiles']
}

/** Takes empty rows off, which the filter paints black, and says what is where. */
export async function readStoryboard({ kit, order, storyboard, folder, name, sheet, tiles }: Filled): Promise<RenderedStoryboard> {
  const columns = Math.min(sheet.columns, tiles.length)
  const rows = Math.ceil(tiles.length / columns)
  const size = { width: columns * sheet.tile.width, height: rows * sheet.tile.height }
  if (columns < sheet.columns || rows < sheet.rows) await crop(kit, { folder, name, size, signal: order.signal })
  return { path: storyboard.path, ...size, columns, tile: sheet.tile, tiles }
}

async function crop({ runner, tools }: Kit, { folder, name, size, signal }: { readonly folder: string; readonly name: string; readonly size: Size; readonly signal: AbortSignal }) {
  const args = [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+error', '-f', 'image2', '-pattern_type', 'none', '-c:v', 'mjpeg', '-i', `file:${name}`],
    ...['-vf', `crop=${size.width}:${size.height}:0:0`, '-frames:v', '1', ...JPEG, '-f', 'image2', '-update', '1', '-y', `file:cropped-${name}`],
  ]
  expectSuccess(await runner.run({ program: tools.ffmpeg, args, signal, limits: { seconds: 60, fileBytes: 64 * 1024 ** 2, ...memoryFor(undefined) }, cwd: folder }), name)
  await rename(join(folder, `cropped-${name}`), join(folder, name))
}

const JPEG = ['-c:v', 'mjpeg', '-q:v', '3', '-map_metadata', '-1']
