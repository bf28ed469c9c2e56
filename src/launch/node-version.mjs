// Imported before anything else: what follows does not even parse on an old Node.
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const [major, minor] = engines.node.match(/\d+/g).map(Number)
const [ourMajor, ourMinor] = process.versions.node.split('.').map(Number)
if (ourMajor < major || (ourMajor === major && ourMinor < minor)) {
  process.stderr.write(`Dailies needs Node.js ${major}.${minor} or later; this is ${process.versions.node}.\n`)
  process.exit(1)
}
