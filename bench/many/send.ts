// Uploads files as browsers do, four at a time. Usage: node --import tsx bench/many/send.ts ORIGIN DRIVE KEY FOLDER
// A process of its own: what it takes is no client's waiting.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [origin = '', drive = '', key = '', folder = ''] = process.argv.slice(2)
const headers = { authorization: key, 'tus-resumable': '1.0.0' }
const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))

async function answered(request: Promise<Response>, what: string): Promise<Headers> {
  const answer = await request
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`)
  await answer.arrayBuffer()
  return answer.headers
}

async function upload(name: string) {
  const bytes = readFileSync(join(folder, name))
  const begun = await answered(
    fetch(`${origin}/workspaces/drives/${drive}/uploads`, { method: 'POST', headers: { ...headers, 'upload-length': String(bytes.length), 'upload-metadata': `path ${Buffer.from(name).toString('base64')}` } }),
    name,
  )
  const url = new URL(begun.get('location') ?? '', origin)
  await answered(fetch(url, { method: 'PATCH', headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }, body: bytes }), name)
}

const sender = async () => {
  for (let name = names.pop(); name !== undefined; name = names.pop()) await upload(name)
}
await Promise.all(Array.from({ length: 4 }, sender))
