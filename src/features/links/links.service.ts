import { type Readable, Transform } from 'node:stream'
import type { Signer } from '../../access/secrets.ts'
import { AppError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import { type LinkClaims, linkText } from './links.signer.ts'

export type LinkService = ReturnType<typeof createLinkService>

export interface Link {
  readonly key: string
  readonly claims: { readonly [K in keyof LinkClaims | 's']?: string | undefined }
}

/** Where a link leads: to a file of this machine, or on to the store. */
export type Target = { readonly maxAgeSeconds: number } & (
  | { readonly kind: 'file'; readonly path: string; readonly contentType: string; readonly disposition: string | undefined }
  | { readonly kind: 'redirect'; readonly location: string }
)

interface Upload {
  readonly body: Readable
  readonly type: string | undefined
  readonly length: number | undefined
  readonly signal: AbortSignal
}

export const linkRefused = () => new AppError('forbidden', 'This link is not valid, or no longer')

export function createLinkService({ signer, clock, storage }: { readonly signer: Signer; readonly clock: Clock; readonly storage: ObjectStorage }) {
  function verified(method: 'GET' | 'PUT', { key, claims }: Link) {
    const { e, d, t, n, s } = claims
    if (e === undefined || t === undefined || s === undefined || !/^\d{1,12}$/.test(e)) throw linkRefused()
    if (!signer.verify(linkText(method, key, { e, d, t, n }), s)) throw linkRefused()
    const expires = new Date(Number(e) * 1000)
    if (expires <= clock.now()) throw linkRefused()
    return { disposition: d, contentType: t, size: Number(n), expires }
  }

  return {
    async follow(link: Link): Promise<Target> {
      const { disposition, contentType, expires } = verified('GET', link)
      const maxAgeSeconds = Math.floor((expires.getTime() - clock.now().getTime()) / 1000)
      const path = storage.localPath(link.key)
      if (path !== undefined) return { kind: 'file', path, contentType, disposition, maxAgeSeconds }
      return { kind: 'redirect', location: await storage.signGet(link.key, { disposition: disposition ?? 'inline', contentType, expires }), maxAgeSeconds }
    },

    /** Takes exactly the type and the number of bytes that were signed. */
    async receive(link: Link, { body, type, length, signal }: Upload): Promise<void> {
      const { contentType, size } = verified('PUT', link)
      if (type !== contentType) throw new AppError('forbidden', `This link takes ${contentType} only`)
      if (length !== size) throw new AppError('forbidden', `This link takes exactly ${size} bytes, announced by Content-Length`)
      await storage.put(link.key, body.compose(exactly(size)) as Readable, { contentType, signal }) // compose answers a Duplex, typed as less
    },
  }
}

/** Fails at the first byte too many, and at an end that comes too early. */
function exactly(size: number): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      done(seen > size ? new AppError('malformed', 'More bytes came than were announced') : null, chunk)
    },
    flush: (done) => done(seen === size ? null : new AppError('malformed', 'Fewer bytes came than were announced')),
  })
}
