import { Readable } from 'node:stream'
import type { Signer } from '../../access/secrets.ts'
import { AppError, notFound } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ByteRange, ObjectHead, ObjectStorage } from '../../ports/object-storage.ts'
import { familyOf, type LinkClaims, linkText } from './links.signer.ts'

export type LinkService = ReturnType<typeof createLinkService>

export interface Link {
  readonly key: string
  readonly claims: { readonly [K in keyof LinkClaims | 's']?: string | undefined }
}

/** Where a link leads: to bytes that we serve ourselves, or on to the store. */
export type Target = { readonly maxAgeSeconds: number } & (
  | { readonly kind: 'object'; readonly head: ObjectHead; readonly open: Open; readonly contentType: string; readonly disposition: string | undefined }
  | { readonly kind: 'redirect'; readonly location: string }
)
type Open = (range: ByteRange | undefined) => Promise<Readable>

interface Upload {
  readonly body: Readable
  readonly type: string | undefined
  readonly length: number | undefined
  readonly signal: AbortSignal
}

export const linkRefused = () => new AppError('forbidden', 'This link is not valid, or no longer')

export function createLinkService({ signer, clock, storage }: { readonly signer: Signer; readonly clock: Clock; readonly storage: ObjectStorage }) {
  /** By itself or, for a preview that is shown, with the others of its asset. */
  function isSigned(method: 'GET' | 'PUT', key: string, { s, ...claims }: LinkClaims & { readonly s: string }): boolean {
    const family = method === 'GET' && claims.d === undefined ? familyOf(key) : undefined
    return [key, family].some((each) => each !== undefined && signer.verify(linkText(method, each, claims), s))
  }

  function verified(method: 'GET' | 'PUT', { key, claims }: Link) {
    const { e, d, t, n, s } = claims
    // A parameter that comes twice is a list; one that was not signed has no place here. A link has one form.
    if (Object.values(claims).some((each: unknown) => typeof each !== 'string') || (method === 'GET' ? n : d) !== undefined) throw linkRefused()
    if (e === undefined || t === undefined || s === undefined || !/^\d{1,12}$/.test(e)) throw linkRefused()
    if (!isSigned(method, key, { e, d, t, n, s })) throw linkRefused()
    const expires = new Date(Number(e) * 1000)
    if (expires <= clock.now()) throw linkRefused()
    return { disposition: d, contentType: t, size: Number(n), expires }
  }

  return {
    async follow(link: Link): Promise<Target> {
      const { disposition, contentType, expires } = verified('GET', link)
      const maxAgeSeconds = Math.floor((expires.getTime() - clock.now().getTime()) / 1000)
      if (storage.localPath(link.key) !== undefined) {
        const head = await storage.head(link.key)
        if (!head) throw notFound('Object')
        const open: Open = async (range) => {
          const opened = await storage.open(link.key, { ifMatch: head.etag, ...(range && { range }) })
          if (!opened) throw notFound('Object')
          return opened.body
        }
        return { kind: 'object', head, open, contentType, disposition, maxAgeSeconds }
      }
      return { kind: 'redirect', location: await storage.signGet(link.key, { disposition: disposition ?? 'inline', contentType, expires }), maxAgeSeconds }
    },

    /** Takes exactly the type and the number of bytes that were signed. */
    async receive(link: Link, { body, type, length, signal }: Upload): Promise<void> {
      const { contentType, size } = verified('PUT', link)
      if (type !== contentType) throw new AppError('forbidden', `This link takes ${contentType} only`)
      if (length !== size) throw new AppError('forbidden', `This link takes exactly ${size} bytes, announced by Content-Length`)
      await storage.put(link.key, Readable.from(exactly(size, body), { objectMode: false }), { contentType, signal })
    },
  }
}

/** Fails at the first byte too many, and at an end that comes too early. */
async function* exactly(size: number, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let seen = 0
  for await (const chunk of body) {
    seen += chunk.length
    if (seen > size) throw new AppError('malformed', 'More bytes came than were announced')
    yield chunk
  }
  if (seen !== size) throw new AppError('malformed', 'Fewer bytes came than were announced')
}
