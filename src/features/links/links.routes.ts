import { z } from 'zod'
import { publicRoute, type RawReply, type Route } from '../../http/define-route.ts'
import { rawBody } from '../../http/raw-body.ts'
import { sendBytes } from '../../http/send-bytes.ts'
import { type LinkService, linkRefused } from './links.service.ts'

const reason = 'the link itself is the credential: it is signed and expires'
const tag = 'Objects'
const params = { '*': z.string() }
const query = { e: z.string().optional(), d: z.string().optional(), t: z.string().optional(), n: z.string().optional(), s: z.string().optional() }

/** What signed links lead to. Not for clients to build: hidden from the description. */
export function linkRoutes(links: LinkService): Route[] {
  const common = { path: '/objects/*', tag, reason, params, query, hidden: true, rawBody: true, response: { mediaTypes: ['application/octet-stream'], description: 'The bytes' } } as const
  return [
    publicRoute({
      ...common,
      method: 'GET',
      operationId: 'followLink',
      summary: 'Follow a signed link',
      handle: async ({ params: { '*': key }, query: claims, request }) => {
        const target = await links.follow({ key, claims })
        if (target.kind === 'object') return sendBytes(request.headers, target)
        return { status: 307, stream: null, headers: { location: target.location, 'cache-control': `private, max-age=${target.maxAgeSeconds}` } }
      },
    }),
    publicRoute({
      ...common,
      method: 'PUT',
      operationId: 'uploadByLink',
      summary: 'Upload by a signed link',
      handle: async ({ params: { '*': key }, query: claims, request, signal }): Promise<RawReply> => {
        await links.receive({ key, claims }, { ...rawBody(request), signal })
        return { status: 200, stream: null, headers: {} }
      },
    }),
    // A link is for one method: another is a link that nobody signed.
    ...(['HEAD', 'POST', 'PATCH', 'DELETE'] as const).map((method) =>
      publicRoute({ ...common, method, operationId: `refuseLink${method}`, summary: 'Refuse a link', handle: async () => Promise.reject(linkRefused()) }),
    ),
  ]
}
