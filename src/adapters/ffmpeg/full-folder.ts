import { unavailable } from '../../errors.ts'
import type { Runner } from '../run.ts'

/** At the end of a line: what stands before it may be a path. */
const FULL = /\[(?:error|fatal|panic)\].*(?:no space left on device|disk quota exceeded)\s*$/i

/** ffmpeg of 2018 ends well over a full disk. What it wrote is cut off then, and would be taken for a fault of the file. */
export const refusingFullFolder = (runner: Runner): Runner => ({
  ...runner,
  async run(order) {
    let isFull = false
    const ended = await runner.run({
      ...order,
      onStderrLine(line) {
        isFull ||= FULL.test(line)
        order.onStderrLine?.(line)
      },
    })
    if (isFull) throw unavailable('The folder for temporary files is full')
    return ended
  },
})
