// Changes bytes of a file that no ffmpeg would write so: node damage.mjs WHAT FILE [VALUE].
import { readFileSync, writeFileSync } from 'node:fs'

const [what = '', path = '', value = ''] = process.argv.slice(2)
const bytes = readFileSync(path)

/** Where the content of the first box of this name begins. */
function box(name, from = 0) {
  const at = bytes.indexOf(name, from, 'latin1')
  if (at < 0) throw new Error(`no ${name} in ${path}`)
  return at + 4
}

const ONE = 0x10000
const hours = Number(value) * 3600

const DAMAGES = {
  /** MP4, MOV: how the first track is to be turned, clockwise. */
  rotate() {
    const matrix = { 90: [0, ONE, 0, -ONE, 0, 0], 180: [-ONE, 0, 0, 0, -ONE, 0], 270: [0, -ONE, 0, ONE, 0, 0] }[value]
    for (const [index, each] of matrix.entries()) bytes.writeInt32BE(each, box('tkhd') + 40 + index * 4)
  },
  /** MP4, MOV: the movie header claims so many hours. */
  'movie-hours'() {
    const header = box('mvhd')
    bytes.writeUInt32BE(hours * bytes.readUInt32BE(header + 12), header + 16)
  },
  /** Matroska: header and tags claim so many hours. */
  'matroska-hours'() {
    bytes.writeDoubleBE(hours * 1000, bytes.indexOf(Buffer.from([0x44, 0x89, 0x88])) + 3)
    for (let at = bytes.indexOf('00:00:0'); at >= 0; at = bytes.indexOf('00:00:0', at + 1)) bytes.write(String(value).padStart(2, '0'), at)
  },
  /** AVI: both headers claim so many hours, at 25 frames a second. */
  'avi-hours'() {
    bytes.writeUInt32LE(hours * 25, box('avih') + 4 + 16)
    bytes.writeUInt32LE(hours * 25, box('strh') + 4 + 32)
  },
  /** A codec that nobody knows. */
  'codec-tag'() {
    bytes.write(value, box('stsd') + 12, 'latin1')
  },
  /** MP4, MOV: the second track has not one sample. */
  'no-samples'() {
    const second = box('trak', box('trak'))
    for (const [name, at] of [['stts', 4], ['stsc', 4], ['stsz', 8], ['stco', 4]]) bytes.writeUInt32BE(0, box(name, second) + at)
    bytes.writeUInt32BE(0, box('mdhd', second) + 16)
  },
  cut() {
    writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * Number(value))))
    process.exit(0)
  },
}

DAMAGES[what]()
writeFileSync(path, bytes)
