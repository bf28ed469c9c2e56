import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { FinderAnswer } from '../../src/adapters/http-face-finder/answer.ts'

/**
 * What a face finder is asked and answers, as OpenAPI says it:
 *
 *     POST {FACE_FINDER_URL}
 *       requestBody: image/jpeg, the picture's bytes
 *       responses:
 *         200: application/json, `FinderAnswer`: an array of { bounding_box: { x, y, width, height } in 0..1, confidence?: 0..1, embedding?: number[16..4096] }
 *         413, 415, 422: this picture is not taken, and will not be
 *         anything else: try again later
 *
 * The shape itself is the adapter's zod schema; its JSON schema is `z.toJSONSchema(FinderAnswer)`.
 */
export { FinderAnswer }

type Answer = (request: IncomingMessage, picture: Buffer, response: ServerResponse) => void | Promise<void>

/** A finder whose faces are blots of pure red, green and blue on white or grey: real pictures, decoded and looked at, and made-up embeddings. */
export async function startFaceFinder(answer: Answer = answerBlots) {
  let current = answer
  const asked: { readonly type: string | undefined; readonly bytes: number }[] = []
  const server = createServer((request, response) => {
    void buffer(request).then(
      async (picture) => {
        asked.push({ type: request.headers['content-type'], bytes: picture.length })
        await current(request, picture, response)
      },
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server's address
  return {
    url: `http://127.0.0.1:${port}/faces`,
    asked,
    answerWith: (next: Answer) => void (current = next),
    answerJson: (value: unknown) => void (current = (_request, _picture, response) => void response.setHeader('content-type', 'application/json').end(JSON.stringify(value))),
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
export type FaceFinderServer = Awaited<ReturnType<typeof startFaceFinder>>

export const people = { ana: [255, 0, 0], ben: [0, 255, 0], cem: [0, 0, 255] } as const

export const answerBlots: Answer = async (_request, picture, response) => {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const faces = Object.values(people).flatMap((colour, person) => {
    const box = boxOf(data, info, colour)
    return box ? [{ bounding_box: box, confidence: 0.9, embedding: embeddingOf(person, box.x) }] : []
  })
  response.setHeader('content-type', 'application/json').end(JSON.stringify(FinderAnswer.parse(faces)))
}

/** Faces of one person lie about 0.97 apart by cosine, those of two about 0. */
export const embeddingOf = (person: number, variation: number): number[] =>
  Array.from({ length: 64 }, (_, at) => (at % 3 === person ? 3 : 0) + Math.sin(at * 12.9898 + variation * 78.233))

/** Where the picture is of this colour, or none where it is not. */
function boxOf(data: Buffer, { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: number }, colour: readonly number[]) {
  const [xs, ys]: [number[], number[]] = [[], []]
  for (let at = 0; at < width * height; at += 1)
    if (colour.every((value, channel) => Math.abs((data[at * channels + channel] ?? 0) - value) < 70)) {
      xs.push(at % width)
      ys.push(Math.floor(at / width))
    }
  if (xs.length < 20) return undefined
  const [left, right, top, bottom] = [least(xs), most(xs) + 1, least(ys), most(ys) + 1]
  return { x: left / width, y: top / height, width: (right - left) / width, height: (bottom - top) / height }
}

const least = (values: readonly number[]) => values.reduce((one, other) => Math.min(one, other))
const most = (values: readonly number[]) => values.reduce((one, other) => Math.max(one, other))
