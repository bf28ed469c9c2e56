import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** One key per purpose out of SERVER_SECRET, so that nothing signed for one passes for another. The first secret signs, all verify. */
export interface Signer {
  /** Base64url, 128 bits: enough against guessing, and links stay short. */
  sign(text: string): string
  verify(text: string, signature: string): boolean
}

export type Purpose = 'links' | 'cursors' | 'attachments'

/** The keys of one purpose, for libraries that sign by themselves: sign with the first, accept all. */
export const keysFor = (secrets: readonly string[], purpose: Purpose): readonly Buffer[] => secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', `dailies/${purpose}`, 32)))

export function createSigner(secrets: readonly string[], purpose: Purpose): Signer {
  const keys = keysFor(secrets, purpose)
  const signWith = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest().subarray(0, 16)
  const [first] = keys
  if (!first) throw new Error('There is no secret to sign with')
  return {
    sign: (text) => signWith(first, text).toString('base64url'),
    verify(text, signature) {
      const given = Buffer.from(signature, 'base64url')
      // Every way to write the same bytes but ours is refused, so that a link has one form.
      if (given.length !== 16 || given.toString('base64url') !== signature) return false
      return keys.some((key) => timingSafeEqual(signWith(key, text), given))
    },
  }
}
