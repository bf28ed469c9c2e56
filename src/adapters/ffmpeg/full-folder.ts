import { statfs } from 'node:fs/promises'
import { unavailable } from '../../errors.ts'
import type { Runner } from '../run.ts'

/** At the end of a line: what stands before it may be a path. */
const FULL = /\[(?:error|fatal|panic)\].*(?:no space left on device|disk quota exceeded)\s*$/i

/** With more than this left no file of ours was refused for want of space: then the words are the source's own. */
const MOST_BYTES_LEFT = 64 * 1024 ** 2

/** ffmpeg of 2018 ends well over a full disk. What it wrote is cut off then, and would be taken for a fault of the file. */
export const refusingFullFolder = (runner: Runner, tempDir: string): Runner => ({
  ...runner,
  async run(order) {
    let said = ''
    const ended = await runner.run({
      ...order,
      onStderrLine(line) {
        if (FULL.test(line)) said = line
        order.onStderrLine?.(line)
      },
    })
    // What it wrote still lies there. A quota does not show in the numbers of the file system.
    if (said && (/quota/i.test(said) || (await isFull(tempDir)))) throw unavailable('The folder for temporary files is full')
    return ended
  },
})

const isFull = (folder: string) =>
  statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize < MOST_BYTES_LEFT,
    () => true,
  )
