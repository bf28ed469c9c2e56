import { createHash, randomBytes } from 'node:crypto'

/** `sk_` and 256 random bits, base64url. */
export const keyPattern = /^sk_[\w-]{43}$/
export const newKey = () => `sk_${randomBytes(32).toString('base64url')}`
/** A plain hash is enough for 256 random bits: there is nothing to guess. */
export const keyHash = (key: string): Buffer => createHash('sha256').update(key).digest()
