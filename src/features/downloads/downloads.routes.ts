import { z } from 'zod'
import { assetRoute, driveRoute, ok, redirect, type Route } from '../../http/define-route.ts'
import { queryBoolean } from '../../http/query-values.ts'
import type { DownloadService } from './downloads.service.ts'

const tag = 'Downloads'
const name = z.string().max(1000).optional().describe('What the saved file is to be called; default the asset’s own name')

/** Upper case is what is documented; lower case is accepted, since clients send it. */
const origin = z
  .enum(['SOURCE', 'PROXY', 'AUDIO_PROXY', 'PREVIEW', 'source', 'proxy', 'audio_proxy', 'preview'])
  .describe('What to fetch. PREVIEW is the custom thumbnail, else the poster')

export const downloadRoutes = (downloads: DownloadService): Route[] => [
  assetRoute({
    method: 'GET',
    path: '/download',
    operationId: 'getDownloadUrl',
    tag,
    summary: 'Get a signed download URL for an asset’s data',
    description: 'Answers the URL as a JSON string; it is good for a day, without credentials. SOURCE, and `download=true`, need the role DOWNLOADER.',
    action: 'read',
    query: { origin_type: origin, name, download: queryBoolean(true, 'Whether to save the file, or to view it inline') },
    response: z.string().describe('The signed URL'),
    handle: async ({ scope, query }) =>
      ok(await downloads.link(scope, query.origin_type.toUpperCase() as Uppercase<typeof query.origin_type>, { name: query.name, inline: !query.download })), // the enum holds both cases of each
  }),
  assetRoute({
    method: 'GET',
    path: '/source',
    operationId: 'getSource',
    tag,
    summary: 'Get an asset’s source by a redirect to its signed URL',
    action: 'download',
    queryCredential: true,
    query: {
      name,
      'shade-collection-id': z.guid().nullable().optional().describe('The collection to authorise against'),
    },
    response: { redirect: 'To the signed URL, which supports Range' },
    handle: async ({ scope, query }) => redirect(await downloads.sourceLink(scope, { name: query.name, inline: false })),
  }),
  driveRoute({
    method: 'GET',
    path: '/previews/url/{preview_id}',
    operationId: 'getPreviewUrl',
    tag,
    summary: 'Get a preview image by a redirect to its signed URL',
    action: 'read',
    drive: 'query',
    params: { preview_id: z.guid() },
    response: { redirect: 'To the signed URL' },
    handle: async ({ scope, params }) => redirect(await downloads.previewLink(scope, params.preview_id)),
  }),
  driveRoute({
    method: 'GET',
    path: '/proxies/{proxy_id}',
    operationId: 'getProxy',
    tag,
    summary: 'Get a proxy by a redirect to its signed URL',
    action: 'read',
    drive: 'query',
    params: { proxy_id: z.guid() },
    response: { redirect: 'To the signed URL, which supports Range' },
    handle: async ({ scope, params }) => redirect(await downloads.proxyLink(scope, params.proxy_id)),
  }),
]
