import type { Signer } from '../../access/secrets.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'

/** What a link says, in the short names that stand in its query. */
export interface LinkClaims {
  /** Seconds since 1970 after which it is refused. */
  readonly e: string
  /** Content-Disposition of the answer. */
  readonly d?: string | undefined
  /** Content type: of the answer, or that the upload must have. */
  readonly t: string
  /** Bytes that the upload must have. */
  readonly n?: string | undefined
}

const hourMs = 3_600_000

/**
 * What stands for the key where a signature is good for all previews of one asset. A page of 200 assets shows some 1,600 of them: who may see one may
 * see the others, and signing each by itself would take as long as the page's statement. No key has a `*` in it.
 */
export function familyOf(key: string): string | undefined {
  const folder = key.slice(0, key.lastIndexOf('/'))
  return folder.endsWith('/previews') ? `${folder}/*` : undefined
}

/** What is signed. Fields are separated by a byte that none of them can hold. */
export const linkText = (method: 'GET' | 'PUT', key: string, { e, d, t, n }: LinkClaims) => [method, key, e, d ?? '', t, n ?? ''].join('\n')

export function createLinkSigner({ signer, clock, publicUrl }: { readonly signer: Signer; readonly clock: Clock; readonly publicUrl: string }): LinkSigner {
  const url = (method: 'GET' | 'PUT', key: string, claims: LinkClaims) => {
    const query = new URLSearchParams({ ...definedOnly(claims), s: signer.sign(linkText(method, key, claims)) })
    return `${publicUrl}/objects/${key}?${query.toString()}`
  }
  let latest: { readonly text: string; readonly signature: string } | undefined
  const seconds = (moment: Date) => String(Math.floor(moment.getTime() / 1000))

  return {
    get: (key, { disposition, contentType, expires }) => url('GET', key, { e: seconds(expires), d: disposition, t: contentType }),
    put: (key, { contentType, size, expires }) => ({ url: url('PUT', key, { e: seconds(expires), t: contentType, n: String(size) }), headers: { 'content-type': contentType } }),
    picture(key) {
      const e = String((Math.floor(clock.now().getTime() / hourMs) + 2) * (hourMs / 1000))
      const text = linkText('GET', familyOf(key) ?? key, { e, t: 'image/jpeg' })
      // The previews of an asset are asked for one after the other.
      if (latest?.text !== text) latest = { text, signature: signer.sign(text) }
      // Written out, since a page of assets carries thousands of these: nothing in it needs escaping.
      return `${publicUrl}/objects/${key}?e=${e}&t=image%2Fjpeg&s=${latest.signature}`
    },
  }
}

const definedOnly = (claims: LinkClaims): Record<string, string> => Object.fromEntries(Object.entries(claims).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
