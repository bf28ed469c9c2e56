/** The least that a Node server can do with a body: write it to a file, or let it go. Usage: sink.ts PORT FILE (`-` = let it go) */
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:http'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const [, , port, file = '-'] = process.argv
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done(), highWaterMark: 1 << 20 })
createServer((request, response) => void pipeline(request, file === '-' ? nowhere() : createWriteStream(file)).then(() => response.writeHead(204).end())).listen(Number(port), '127.0.0.1', () => console.log('ready'))
