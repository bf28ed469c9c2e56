// How many media tools the processes had at once, until SIGTERM; then says the most. Usage: node bench/many/count-children.ts PID…
import { readdirSync, readFileSync } from 'node:fs'

const parents = new Set(process.argv.slice(2))
/** What wraps them becomes them. */
const names = new Set(['ffmpeg', 'ffprobe', 'prlimit', 'unshare', 'setpriv', 'nice'])
let most = 0

function isMediaTool(pid: string): boolean {
  try {
    const [, name = '', parent = ''] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return parents.has(parent) && names.has(name)
  } catch {
    return false // ended meanwhile
  }
}

setInterval(() => {
  most = Math.max(most, readdirSync('/proc').filter((name) => /^\d/.test(name) && isMediaTool(name)).length)
}, 40)
process.once('SIGTERM', () => {
  process.stdout.write(`${most}\n`)
  process.exit(0)
})
