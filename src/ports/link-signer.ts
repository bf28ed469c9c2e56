import type { GetLink, PutLink } from './object-storage.ts'

/** Links of our own to objects: they carry key, expiry, disposition and type under one HMAC. */
export interface LinkSigner {
  get(key: string, link: GetLink): string
  put(key: string, link: PutLink): { readonly url: string; readonly headers: Readonly<Record<string, string>> }
  /** Where a preview, poster or the like is shown from: works without credentials until the hour after next, the same text all hour long, so that browsers cache it. */
  picture(key: string): string
}
