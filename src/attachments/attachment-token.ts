import jwt from 'jsonwebtoken'
import { z } from 'zod'
import type { Clock } from '../ports/clock.ts'

/** What a token says: who may attach which file on which drive. */
export interface Attachment {
  readonly id: string
  readonly driveId: string
  readonly name: string
  readonly mimeType: string
  readonly size: number
  /** Who uploads it, and alone may use the token. */
  readonly uploader: string
}

export interface AttachmentTokens {
  sign(attachment: Attachment): string
  /** Undefined for whatever is not a token of ours that holds now. */
  read(token: string): Attachment | undefined
}

export const tokenSeconds = 86_400

const Claims = z.object({
  jti: z.guid(),
  drive_id: z.guid(),
  name: z.string(),
  mime_type: z.string(),
  size: z.int().positive(),
  sub: z.string().min(1),
  typ: z.literal('attachment'),
  exp: z.number(),
})

/**
 * Neither passes for the other: access tokens are verified with other keys and refuse this `typ`, and ours are verified with keys made for them alone,
 * of which the first signs.
 */
export function createAttachmentTokens({ keys, clock }: { readonly keys: readonly Buffer[]; readonly clock: Clock }): AttachmentTokens {
  const seconds = () => Math.floor(clock.now().getTime() / 1000)
  const [first] = keys
  if (!first) throw new Error('There is no secret to sign with')

  function claimsOf(token: string, key: Buffer) {
    try {
      return Claims.safeParse(jwt.verify(token, key, { algorithms: ['HS256'], clockTimestamp: seconds() })).data
    } catch {
      return undefined
    }
  }

  return {
    sign({ id, driveId, name, mimeType, size, uploader }) {
      const iat = seconds()
      const claims = { jti: id, drive_id: driveId, name, mime_type: mimeType, size, sub: uploader, typ: 'attachment', iat, exp: iat + tokenSeconds }
      return jwt.sign(claims, first, { algorithm: 'HS256' })
    },
    read(token) {
      for (const key of keys) {
        const claims = claimsOf(token, key)
        if (claims) return { id: claims.jti, driveId: claims.drive_id, name: claims.name, mimeType: claims.mime_type, size: claims.size, uploader: claims.sub }
      }
      return undefined
    },
  }
}
