import { readdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { createSharp } from '../../src/adapters/sharp/sharp.ts'
import type { Asset } from '../../src/assets/asset.schemas.ts'
import { attachments } from '../support/attachments.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { peakOf } from '../support/peak-memory.ts'
import { type Chunk, chunksOf, greyOfZeros, ihdr, pngOf } from '../support/png.ts'

const patient = createSharp()
/** For what would take its time to the end: honest photos may need more than this on a slow machine. */
const hasty = createSharp({ longestDrawingSeconds: 2 })
let engine = patient
let api: Harness
let files: ReturnType<typeof attachments>
let server: Server
let hits = 0
beforeAll(async () => {
  api = await startHarness({ images: { ...patient, read: (source, signal) => engine.read(source, signal), rendition: (order) => engine.rendition(order) } })
  files = attachments(api)
  server = createServer((_, response) => {
    hits += 1
    response.end()
  }).listen(0, '127.0.0.1')
  await use(await picture().png().toBuffer()) // what is loaded once is no picture's
})
afterAll(async () => {
  server.close()
  await api.stop()
})

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const picture = (width = 300, height = 200, background = '#ff0000') => sharp({ create: { width, height, channels: 3, background }, limitInputPixels: false })
const isLinux = process.platform === 'linux'

/** Uploads the bytes, and has them stand for a new asset. */
async function use(bytes: Buffer, mime_type = 'image/png') {
  const drive = await api.drive()
  const editor = await drive.member(roles.EDITOR)
  const assetId = await drive.asset()
  const attachment_token = await files.uploaded(editor, drive.driveId, bytes, { mime_type })
  const ask = () => api.as(editor)({ method: 'POST', url: `/assets/${assetId}/custom-thumbnail`, payload: { attachment_token } })
  const { result: answer, grownMb, childMb } = isLinux ? await peakOf(ask) : { result: await ask(), grownMb: 0, childMb: 0 }
  return { answer, grownMb, childMb, driveId: drive.driveId }
}

/** The reason, once it is certain that nothing of it stays, and that little memory was used. */
async function refusal(name: string, bytes: Buffer, mime_type?: string): Promise<string> {
  const { answer, grownMb, childMb, driveId } = await use(bytes, mime_type)
  if (process.env['TEST_FIGURES']) console.info(`${name}: ${answer.statusCode}, +${grownMb} MB here, ${childMb} MB in a child`)
  expect([name, answer.statusCode]).toEqual([name, 422])
  const keys: string[] = []
  for await (const { key } of api.storage.list(`drives/${driveId}/`)) keys.push(key)
  const { rows } = await api.pool.query(`SELECT kind, state, reference_count FROM objects WHERE drive_id = $1 AND kind <> 'source'`, [driveId])
  // The row of what was used up stays a day, while its link may still bring bytes; nothing counts on it.
  expect([name, keys, rows]).toEqual([name, [], [{ kind: 'attachment', state: 'deleting', reference_count: 0 }]])
  expect((await api.pool.query('SELECT 1 FROM renditions WHERE drive_id = $1', [driveId])).rowCount).toBe(0)
  expect([name, await readdir(join(api.folder, 'jobs'))]).toEqual([name, []])
  expect([name, grownMb < 256, childMb < 300]).toEqual([name, true, true])
  const [fault] = answer.json<{ detail: { loc: string[]; msg: string; type: string }[] }>().detail
  expect(fault?.loc).toEqual(['body', 'attachment_token'])
  return fault?.msg ?? ''
}

/** What was drawn of it. */
async function drawn(name: string, bytes: Buffer, mime_type?: string): Promise<Buffer> {
  const { answer, grownMb, childMb } = await use(bytes, mime_type)
  if (process.env['TEST_FIGURES']) console.info(`${name}: ${answer.statusCode}, +${grownMb} MB here, ${childMb} MB in a child`)
  expect([name, answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toEqual([name, 200, ''])
  expect([name, grownMb < 256, childMb < 300]).toEqual([name, true, true])
  return (await api.app.inject({ url: answer.json<Asset>().custom_thumbnail ?? '' })).rawPayload
}

const tooLarge = 'The picture is larger than allowed: more than 268 megapixels.'
const muchMemory = 'The picture needs more memory to decode than is allowed here: a plain JPEG or PNG of it needs little.'
const damaged = 'The picture is damaged: it cannot be decoded.'
const unsupported = 'This kind of picture is not supported.'
const svg = (attributes: string, content: string) => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${content}</svg>`)

describe('what unfolds to more than it is worth is refused', () => {
  test('by its size', async () => {
    const empty: Chunk = { type: 'IDAT', data: Buffer.from('789c6300010000000500', 'hex') }
    expect(await refusal('65535² PNG', pngOf([ihdr({ width: 65_535, height: 65_535 }), empty, { type: 'IEND', data: Buffer.alloc(0) }]))).toBe(tooLarge)
    expect(await refusal('60000² SVG', svg('width="60000" height="60000"', '<rect width="1" height="1"/>'), 'image/svg+xml')).toBe(tooLarge)
  })

  test('by the memory that its kind takes', async () => {
    expect(await refusal('16000² interlaced PNG of zeros', await greyOfZeros({ width: 16_000, height: 16_000, isInterlaced: true }))).toBe(muchMemory)
    expect(await refusal('17 MP AVIF', await picture(4096, 4096).avif({ effort: 0 }).toBuffer(), 'image/avif')).toBe(muchMemory)
    expect(await refusal('36 MP GIF', await picture(6000, 6000).gif({ effort: 1 }).toBuffer(), 'image/gif')).toBe(muchMemory)
    const wide: Chunk = { type: 'IDAT', data: Buffer.from('789c6300010000000500', 'hex') }
    expect(await refusal('65535 × 4000 PNG', pngOf([ihdr({ width: 65_535, height: 4000 }), wide, { type: 'IEND', data: Buffer.alloc(0) }]))).toBe(muchMemory)
  })

  test('in the child that decodes it, by that child’s own limits', async () => {
    const bomb = `<filter id="f" x="0" y="0" width="1" height="1">${'<feMorphology operator="dilate" radius="300"/><feGaussianBlur stdDeviation="200"/>'.repeat(60)}</filter><rect width="9000" height="9000" filter="url(#f)"/>`
    engine = hasty
    expect(['It took longer than allowed.', muchMemory]).toContain(await refusal('SVG of filters', svg('width="8998" height="9000"', bomb), 'image/svg+xml'))
    engine = patient
    const inside = (await greyOfZeros({ width: 16_000, height: 16_000 })).toString('base64')
    expect(await refusal('SVG with a picture of 256 MP inside', svg('width="1000" height="1000"', `<image width="1000" height="1000" href="data:image/png;base64,${inside}"/>`), 'image/svg+xml')).toBe(muchMemory)
    const laughs = `<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">${'bcdefghij'.split('').map((letter, at) => `<!ENTITY ${letter} "${`&${'abcdefghij'[at]};`.repeat(10)}">`).join('')}]>`
    expect(await refusal('SVG of entities', Buffer.concat([Buffer.from(laughs), svg('width="10" height="10"', '<text>&j;</text>')]), 'image/svg+xml')).toMatch(/damaged|memory/)
  }, 60_000)
})

test('what is cut off, empty or something else is refused', async () => {
  const jpeg = await picture(600, 400).jpeg().toBuffer()
  const png = await picture(600, 400).png().toBuffer()
  expect(await refusal('half a JPEG', jpeg.subarray(0, jpeg.length / 2), 'image/jpeg')).toBe(damaged)
  expect(await refusal('half a PNG', png.subarray(0, png.length / 2))).toBe(damaged)
  expect(await refusal('PNG that is HTML', Buffer.from('<!doctype html><script>alert(1)</script>'))).toBe(unsupported)
  expect(await refusal('PNG that is text', Buffer.from('#EXTM3U\nfile:///etc/passwd'))).toBe(unsupported)
  expect(await refusal('PNG that is a PDF', Buffer.from('%PDF-1.7\n%%EOF'))).toMatch(/^Illustrator, PDF and PostScript files cannot be shown here/)
  expect(await refusal('PNG that is a ZIP', Buffer.from('PK\x03\x04', 'latin1'))).toMatch(/^Files of Krita, Procreate and the like cannot be shown here/)
  expect(await refusal('HEIC without a picture', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'image/heic')).toMatch(/^This is a sequence of HEIC pictures, or a damaged one/)
})

test('what is a picture and something else too comes out as a picture alone', async () => {
  const evil = '<script>alert(document.domain)</script>'
  const jpeg = await picture().jpeg().toBuffer()
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, evil.length + 2]), Buffer.from(evil)])
  const gif = await picture().gif().toBuffer()
  const png = chunksOf(await picture().png().toBuffer())
  const [head, ...rest] = png
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['JPEG + HTML behind', Buffer.concat([jpeg, Buffer.from(`<html>${evil}</html>`)]), 'image/jpeg'],
    ['JPEG + HTML in a comment', Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]), 'image/jpeg'],
    ['GIF + JS', Buffer.concat([gif, Buffer.from(`*/=1;${evil}`)]), 'image/gif'],
    ['PNG + HTML in a text chunk', pngOf([...(head ? [head] : []), { type: 'tEXt', data: Buffer.from(`Comment\0${evil}`) }, ...rest]), 'image/png'],
    ['PNG named JPEG', await picture().png().toBuffer(), 'image/jpeg'],
  ]
  for (const [name, bytes, type] of cases) {
    const result = await drawn(name, bytes, type)
    expect([name, result.subarray(0, 3).toString('hex'), result.subarray(-2).toString('hex'), result.includes('script'), result.includes('html')]).toEqual([name, 'ffd8ff', 'ffd9', false, false])
  }
})

test('a moving PNG shows its first frame', async () => {
  const [still, next] = [chunksOf(await picture(40, 30, '#ff0000').png().toBuffer()), chunksOf(await picture(40, 30, '#0000ff').png().toBuffer())]
  const control = (sequence: number): Chunk => {
    const data = Buffer.alloc(26)
    data.writeUInt32BE(sequence, 0)
    data.writeUInt32BE(40, 4)
    data.writeUInt32BE(30, 8)
    data.writeUInt16BE(1, 20)
    data.writeUInt16BE(10, 22)
    return { type: 'fcTL', data }
  }
  const [head, ...rest] = still
  const frame = next.filter(({ type }) => type === 'IDAT').map(({ data }) => ({ type: 'fdAT', data: Buffer.concat([Buffer.from([0, 0, 0, 2]), data]) }))
  const moving = pngOf([...(head ? [head] : []), { type: 'acTL', data: Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]) }, control(0), ...rest.filter(({ type }) => type !== 'IEND'), control(1), ...frame, { type: 'IEND', data: Buffer.alloc(0) }])
  const { dominant } = await sharp(await drawn('APNG', moving, 'image/apng')).stats()
  expect(dominant.r).toBeGreaterThan(200)
})

test('a drawing with script, links and other files in it is drawn without them', async () => {
  const content = `<style>@import url("${address()}/a.css")</style><script>fetch("${address()}/s")</script><rect width="200" height="100" fill="#ff0000" onload="alert(1)"/>
    <image href="${address()}/p.png" width="50" height="50"/><image xlink:href="file:///etc/passwd" width="9" height="9"/><use href="${address()}/o.svg#a"/><a href="javascript:alert(1)"><rect width="1" height="1"/></a>`
  const result = await drawn('SVG with script and links', svg('width="200" height="100"', content), 'image/svg+xml')
  expect(await sharp(result).metadata()).toMatchObject({ format: 'jpeg', width: 200, height: 100 })
  expect((await sharp(result).stats()).dominant.r).toBeGreaterThan(200)
  expect(hits).toBe(0)
})

test('large honest photos come through, in passes or not', async () => {
  const phone = await picture(11_600, 8700).withMetadata({ orientation: 6 }).jpeg({ quality: 60 }).toBuffer()
  expect(await sharp(await drawn('100 MP JPEG', phone, 'image/jpeg')).metadata()).toMatchObject({ width: 1440, height: 1920 })
  const progressive = await picture(6000, 5000).jpeg({ quality: 60, progressive: true }).toBuffer()
  expect(await sharp(await drawn('30 MP progressive JPEG', progressive, 'image/jpeg')).metadata()).toMatchObject({ width: 1920, height: 1600 })
  const screen = await greyOfZeros({ width: 6000, height: 4000, isInterlaced: true })
  expect(await sharp(await drawn('24 MP interlaced PNG', screen)).metadata()).toMatchObject({ width: 1920, height: 1280 })
  expect(await sharp(await drawn('100 MP interlaced PNG of grey', await greyOfZeros({ width: 12_000, height: 8400, isInterlaced: true }))).metadata()).toMatchObject({ width: 1920 })
}, 40_000)
