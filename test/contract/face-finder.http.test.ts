import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpFaceFinder } from '../../src/adapters/http-face-finder/http-face-finder.ts'
import { AppError } from '../../src/errors.ts'
import type { FaceFinder } from '../../src/ports/face-finder.ts'
import { MediaError } from '../../src/ports/media-engine.ts'
import { answerBlots, type FaceFinderServer, startFaceFinder } from '../support/face-finder-server.ts'

let server: FaceFinderServer
let finder: FaceFinder
let still: Buffer
beforeAll(async () => {
  server = await startFaceFinder()
  finder = createHttpFaceFinder({ url: server.url, limitMs: 500 })
  still = await readFile('demo/stills/still.jpg')
})
afterAll(() => server.stop())

const find = (signal = AbortSignal.timeout(10_000)) => finder.find(still, { contentType: 'image/jpeg', signal })
const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 }
const embedding = Array.from({ length: 16 }, (_, at) => at + 1)

async function failure(): Promise<AppError | MediaError> {
  const error: unknown = await find().then(() => undefined, (reason: unknown) => reason)
  if (error instanceof AppError || error instanceof MediaError) return error
  throw new Error(`neither: ${String(error)}`)
}

describe('a face finder over HTTP', () => {
  test('is sent the picture’s bytes, and answers its faces; in a real picture without any, none', async () => {
    server.answerWith(answerBlots)
    expect(await find()).toEqual([])
    expect(server.asked.at(-1)).toEqual({ type: 'image/jpeg', bytes: still.length })
    server.answerJson([{ bounding_box: box, confidence: 0.5, embedding }, { bounding_box: box }, { bounding_box: box, confidence: null, embedding: null, landmarks: [1, 2] }])
    expect(await find()).toEqual([{ box, confidence: 0.5, embedding }, { box, confidence: null, embedding: null }, { box, confidence: null, embedding: null }])
  })

  test('has its boxes clipped into the picture, and what lies outside is none', async () => {
    const boxes = [{ x: -0.1, y: 0.5, width: 0.3, height: 0.9 }, { x: 0, y: 0, width: 1, height: 1 }, { x: 1.2, y: 0, width: 0.5, height: 0.5 }, { x: 0.5, y: 0.5, width: 1e-9, height: 0.5 }]
    server.answerJson(boxes.map((bounding_box) => ({ bounding_box })))
    expect((await find()).map((each) => each.box)).toEqual([{ x: 0, y: 0.5, width: expect.closeTo(0.2, 9), height: 0.5 }, { x: 0, y: 0, width: 1, height: 1 }])
  })

  test.each<[string, unknown]>([
    ['an object', { faces: [] }],
    ['null', null],
    ['a face without a box', [{}]],
    ['a box in pixels', [{ bounding_box: { x: 120, y: 80, width: 64, height: 64 } }]],
    ['a box of no size', [{ bounding_box: { ...box, width: 0 } }]],
    ['a box of text', [{ bounding_box: { ...box, x: '0.1' } }]],
    ['a confidence in percent', [{ bounding_box: box, confidence: 93 }]],
    ['a short embedding', [{ bounding_box: box, embedding: [1, 2, 3] }]],
    ['a long embedding', [{ bounding_box: box, embedding: Array.from({ length: 4097 }, () => 1) }]],
    ['an embedding that points nowhere', [{ bounding_box: box, embedding: Array.from({ length: 16 }, () => 0) }]],
    ['an embedding with a hole', [{ bounding_box: box, embedding: [...embedding, null] }]],
    ['embeddings of two lengths', [{ bounding_box: box, embedding }, { bounding_box: box, embedding: [...embedding, 1] }]],
    ['more than 500 faces', Array.from({ length: 501 }, () => ({ bounding_box: box }))],
  ])('that answers %s is not understood', async (_name, answer) => {
    server.answerJson(answer)
    expect(await failure()).toMatchObject({ code: 'bad_gateway', message: expect.stringMatching(/^The face finder’s answer cannot be read: /) })
  })

  test('that answers no JSON, numbers beyond all bounds, or without an end is not understood', async () => {
    for (const text of ['<html>', '', '[{"bounding_box":{"x":1e999,"y":0,"width":0.1,"height":0.1}}]']) {
      server.answerWith((_request, _picture, response) => void response.end(text))
      expect([text, (await failure()).message]).toEqual([text, expect.stringMatching(/^The face finder’s answer cannot be read: /)])
    }
    server.answerWith((_request, _picture, response) => void response.end(Buffer.alloc(9 * 2 ** 20, '[')))
    expect((await failure()).message).toBe('The face finder’s answer is larger than 8 MiB')
  })

  test('that is down, slow, hangs up, redirects or fails may be asked again; a picture that it does not take is at fault', async () => {
    const status = (code: number, headers = {}) => server.answerWith((_request, _picture, response) => void response.writeHead(code, headers).end('x'))
    const coded = async () => failure().then((error) => [error instanceof AppError ? error.code : 'media', error.message])
    status(500)
    expect(await coded()).toEqual(['bad_gateway', 'The face finder answered 500'])
    status(429)
    expect(await coded()).toEqual(['bad_gateway', 'The face finder answered 429'])
    const before = server.asked.length
    status(302, { location: server.url })
    expect(await coded()).toEqual(['bad_gateway', 'The face finder answered with a redirect (302), which is not followed'])
    expect(server.asked.length).toBe(before + 1)
    status(422)
    expect(await coded()).toEqual(['media', 'The face finder does not take this picture (it answered 422)'])
    server.answerWith((request) => void request.socket.destroy())
    expect(await coded()).toEqual(['unavailable', 'The face finder cannot be reached just now'])
    server.answerWith((_request, _picture, response) => void response.write('['))
    expect(await coded()).toEqual(['gateway_timeout', 'The face finder took longer than 0.5 seconds'])
    server.answerWith(() => pause(3000))
    expect(await coded()).toEqual(['gateway_timeout', 'The face finder took longer than 0.5 seconds'])
    await expect(createHttpFaceFinder({ url: 'http://127.0.0.1:1/' }).find(still, { contentType: 'image/jpeg', signal: AbortSignal.timeout(5000) })).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('is left when the job ends, with the job’s reason', async () => {
    server.answerWith(() => pause(3000))
    const abort = new AbortController()
    const finding = find(abort.signal)
    setTimeout(() => abort.abort(new Error('the worker stops')), 50)
    await expect(finding).rejects.toThrow('the worker stops')
  })
})
