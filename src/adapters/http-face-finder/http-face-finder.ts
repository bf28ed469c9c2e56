import { AppError, unavailable } from '../../errors.ts'
import type { FaceFinder } from '../../ports/face-finder.ts'
import { MediaError } from '../../ports/media-engine.ts'
import { facesIn } from './answer.ts'

interface Settings {
  readonly url: string
  readonly limitMs?: number
}

const mostAnswerBytes = 8 * 1024 ** 2
/** What says that the picture is at fault, and not the asking. */
const refusals = new Set([413, 415, 422])

/** Asks a service over HTTP: a picture's bytes there, its faces back as JSON. */
export function createHttpFaceFinder({ url, limitMs = 30_000 }: Settings): FaceFinder {
  return {
    async find(picture, { contentType, signal }) {
      const limit = AbortSignal.timeout(limitMs)
      try {
        const body = new Uint8Array(picture)
        const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': contentType, accept: 'application/json' }, redirect: 'manual', signal: AbortSignal.any([signal, limit]) })
        if (!answer.ok) {
          await answer.body?.cancel()
          throw refusal(answer.status)
        }
        return facesIn(await textOf(answer))
      } catch (error) {
        signal.throwIfAborted()
        if (limit.aborted) throw new AppError('gateway_timeout', `The face finder took longer than ${limitMs / 1000} seconds`)
        if (error instanceof AppError || error instanceof MediaError) throw error
        throw unavailable('The face finder cannot be reached just now', error)
      }
    },
  }
}

const refusal = (status: number) =>
  refusals.has(status)
    ? new MediaError(`The face finder does not take this picture (it answered ${status})`)
    : new AppError('bad_gateway', status >= 300 && status < 400 ? `The face finder answered with a redirect (${status}), which is not followed` : `The face finder answered ${status}`)

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    const bytes = chunk as Uint8Array // what the body of a Response yields
    size += bytes.length
    if (size > mostAnswerBytes) throw new AppError('bad_gateway', 'The face finder’s answer is larger than 8 MiB')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
