import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import contentDisposition from 'content-disposition'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { createS3 } from '../../src/adapters/s3/s3.ts'
import { signedLinksContract } from '../contract/object-storage.contract.ts'
import { awkwardNames } from '../support/awkward-names.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { hasProgram } from '../support/programs.ts'
import { startS3Double } from '../support/s3-double.ts'

async function listening(api: Harness) {
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}` // a TCP server's address
}

signedLinksContract('local disk, through the app', async () => {
  const api = await startHarness()
  const origin = await listening(api)
  return {
    store: api.storage,
    follow: (url, init) => fetch(`${origin}${url}`, init),
    parameters: { expires: 'e', disposition: 'd', contentType: 't', signature: 's' },
    close: api.stop,
  }
})

describe.each(['disk', 'S3'])('downloads with the objects on %s', (kind) => {
  let api: Harness
  let origin: string
  let closeStore = async () => {}
  beforeAll(async () => {
    if (kind === 'S3') {
      const double = await startS3Double()
      const { endpoint, bucket, region, accessKeyId, secretAccessKey } = double
      const store = createS3({ endpoint, bucket, region, accessKeyId, secretAccessKey, forcePathStyle: true })
      closeStore = async () => {
        await store.close()
        await double.close()
      }
      api = await startHarness({ storage: () => store })
    } else api = await startHarness()
    origin = await listening(api)
  })
  afterAll(async () => {
    await api.stop()
    await closeStore()
  })

  const absolute = (link: string) => (link.startsWith('/') ? origin + link : link)

  async function film(name = 'film.mov') {
    const drive = await api.drive()
    const member = await drive.member(roles.DOWNLOADER)
    const id = await drive.asset({ name, bytes: Buffer.from('0123456789') })
    const get = (url: string, query: Record<string, string> = {}) => api.as(member)({ url, query: { drive_id: drive.driveId, ...query } })
    return { drive, member, id, get }
  }

  test('a download link is a JSON string and carries the asset’s name; inline where that is asked', async () => {
    const { get, id } = await film()
    const answer = await get(`/assets/${id}/download`, { origin_type: 'SOURCE' })
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    const saved = await fetch(absolute(answer.json<string>()))
    expect([saved.status, await saved.text(), saved.headers.get('content-disposition')]).toEqual([200, '0123456789', 'attachment; filename="film.mov"'])
    const inline = await fetch(absolute((await get(`/assets/${id}/download`, { origin_type: 'source', download: 'false', name: 'other.mov' })).json<string>()))
    expect(inline.headers.get('content-disposition')).toBe('inline; filename="other.mov"')
  })

  test('the source redirects to a link that serves ranges', async () => {
    const { get, id } = await film()
    const answer = await get(`/assets/${id}/source`)
    expect(answer.statusCode).toBe(307)
    const part = await fetch(absolute(answer.headers.location ?? ''), { headers: { range: 'bytes=-3' } })
    expect([part.status, await part.text()]).toEqual([206, '789'])
  })

  test('what was not made answers 404 by its name, and nothing but the four origins is one', async () => {
    const { get, id } = await film()
    for (const [origin_type, detail] of [['PROXY', 'Proxy not found'], ['AUDIO_PROXY', 'Audio proxy not found'], ['PREVIEW', 'Preview not found']])
      expect((await get(`/assets/${id}/download`, { origin_type: origin_type ?? '' })).json()).toMatchObject({ status: 404, detail })
    expect((await get(`/assets/${id}/download`, { origin_type: 'RAW' })).json()).toMatchObject({ status: 422, detail: [{ loc: ['query', 'origin_type'], type: 'enum' }] })
    expect((await get(`/assets/${id}/download`)).json()).toMatchObject({ status: 422, detail: [{ loc: ['query', 'origin_type'], type: 'missing' }] })
    expect((await get(`/assets/${id}/download`, { origin_type: 'SOURCE', download: 'yes' })).statusCode).toBe(422)
  })

  test('a viewer looks at what was made, and downloads nothing', async () => {
    const { drive, id } = await film()
    const viewer = await drive.member(roles.VIEWER)
    const status = async (query: Record<string, string>) => (await api.as(viewer)({ url: `/assets/${id}/download`, query: { drive_id: drive.driveId, ...query } })).statusCode
    expect(await status({ origin_type: 'SOURCE', download: 'false' })).toBe(403)
    expect(await status({ origin_type: 'PROXY' })).toBe(403)
    expect(await status({ origin_type: 'PROXY', download: 'false' })).toBe(404) // not made, but not refused
    expect((await api.as(viewer)({ url: `/assets/${id}/source`, query: { drive_id: drive.driveId } })).statusCode).toBe(403)
  })

  test.skipIf(!hasProgram('curl'))('awkward file names reach curl in a header of one line that says them', async () => {
    const { get, id } = await film()
    for (const name of awkwardNames) {
      const link = (await get(`/assets/${id}/download`, { origin_type: 'SOURCE', name: name.replaceAll('\0', '') })).json<string>()
      const { stdout } = await promisify(execFile)('curl', ['-s', '-o', '/dev/null', '-D', '-', absolute(link)])
      const lines = stdout.split('\r\n').filter((line) => /^content-disposition:/i.test(line))
      expect(lines).toHaveLength(1)
      expect(stdout).not.toMatch(/^x-injected/im)
      const header = lines[0]?.replace(/^[^:]+: */, '') ?? ''
      expect(header).toMatch(/^[\x20-\x7e]*$/)
      const came = contentDisposition.parse(header).parameters['filename']
      expect(came).toBe(expectedName(name.replaceAll('\0', '')))
    }
  }, 60_000)
})

/** The name as it was given, but for what no file can be called. */
function expectedName(name: string): string {
  const safe = name.replaceAll(/[\p{Cc}/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '_').trim()
  return safe === '' || /^\.+$/.test(safe) ? 'file' : safe
}

test('what is served from our own origin cannot run: sandboxed, never sniffed', async () => {
  const api = await startHarness()
  try {
    await api.storage.put('x/page', Buffer.from('<script>alert(1)</script>'), { contentType: 'text/html' })
    const answer = await api.app.inject({ url: await api.storage.signGet('x/page', { disposition: 'inline', contentType: 'text/html', expires: new Date(Date.now() + 60_000) }) })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-security-policy']).toMatch(/default-src 'none'.*sandbox/)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  } finally {
    await api.stop()
  }
})

test('a picture’s link stays the same all hour long, and works until the hour after', async () => {
  const api = await startHarness()
  try {
    const drive = await api.drive()
    await api.storage.put(`drives/${drive.driveId}/x.jpg`, Buffer.from('jpeg'), { contentType: 'image/jpeg' })
    const { createLinkSigner } = await import('../../src/features/links/links.signer.ts')
    const { createSigner } = await import('../../src/access/secrets.ts')
    const { secrets } = await import('../support/harness.ts')
    const at = (minutes: number) => createLinkSigner({ signer: createSigner(secrets, 'links'), clock: { now: () => new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 + minutes * 60_000) }, publicUrl: '' })
    expect(at(0).picture('a')).toBe(at(59).picture('a'))
    expect(at(0).picture('a')).not.toBe(at(60).picture('a'))
    const link = at(59).picture(`drives/${drive.driveId}/x.jpg`)
    expect((await api.app.inject({ url: link })).headers['content-type']).toBe('image/jpeg')
    api.advance(3 * 3_600_000)
    expect((await api.app.inject({ url: link })).statusCode).toBe(403)
  } finally {
    await api.stop()
  }
})
