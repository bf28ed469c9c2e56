import type { RenderOrder, RenderedStoryboard } from '../../ports/media-engine.ts'
import { expectSuccess } from './faults.ts'
import type { Size } from './geometry.ts'
import { memoryFor } from './memory.ts'
import type { Kit } from './probe.ts'
import { RESULTS } from './render-plan.ts'

const COLUMNS = 10

interface Tiles {
  readonly kit: Kit
  readonly order: RenderOrder
  readonly storyboard: NonNullable<RenderOrder['storyboard']>
  readonly folder: string
  readonly tile: Size
  readonly tiles: RenderedStoryboard['tiles']
}

/**
 * Puts the tiles that a render left into one sheet. Not by the render itself: ffmpeg says nothing of its progress before every file has begun,
 * and a sheet begins when the film has ended.
 */
export async function joinTiles({ kit: { runner, tools }, order, storyboard, folder, tile, tiles }: Tiles): Promise<RenderedStoryboard> {
  const columns = Math.min(COLUMNS, tiles.length)
  const rows = Math.ceil(tiles.length / columns)
  const args = [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+error', '-f', 'image2', '-start_number', '0', '-c:v', 'mjpeg', '-i', `file:${RESULTS.tiles}`],
    ...['-vf', `tile=${columns}x${rows}`, '-frames:v', '1', '-c:v', 'mjpeg', '-q:v', '3', '-map_metadata', '-1', '-f', 'image2', '-update', '1', '-y', `file:${RESULTS.storyboard}`],
  ]
  expectSuccess(await runner.run({ program: tools.ffmpeg, args, signal: order.signal, limits: { seconds: 60, fileBytes: 64 * 1024 ** 2, ...memoryFor(undefined) }, cwd: folder }), RESULTS.tiles)
  return { path: storyboard.path, width: columns * tile.width, height: rows * tile.height, columns, tile, tiles }
}
