import { z } from 'zod'
import { assetRoute, ok, redirect, type Route } from '../../http/define-route.ts'
import { sendBytes } from '../../http/send-bytes.ts'
import { Storyboard, Waveform, waveformQuery } from './renditions.schemas.ts'
import type { RenditionService } from './renditions.service.ts'

const common = { method: 'GET', tag: 'Renditions', action: 'read', driveRequired: false } as const

/** Far shorter than the links in it are good for. */
const indexMaxAgeSeconds = 300

export const renditionRoutes = (renditions: RenditionService): Route[] => [
  assetRoute({
    ...common,
    path: '/storyboard',
    operationId: 'getStoryboard',
    summary: 'Get the storyboard of a film: one sheet of small pictures, and which frame each shows',
    response: Storyboard,
    handle: async ({ scope }) => ok(await renditions.storyboard(scope)),
  }),
  assetRoute({
    ...common,
    path: '/storyboard.vtt',
    operationId: 'getStoryboardVtt',
    summary: 'Get the storyboard as WebVTT, as players take it for pictures over their seek bar',
    description: 'The text of each cue is the sheet’s signed URL with `#xywh=`, its part of it.',
    queryCredential: true,
    response: { mediaTypes: ['text/vtt'], description: 'A cue for each picture' },
    handle: async ({ scope }) => ({
      status: 200,
      stream: await renditions.storyboardVtt(scope),
      headers: { 'content-type': 'text/vtt; charset=utf-8', 'cache-control': `private, max-age=${indexMaxAgeSeconds}` },
    }),
  }),
  assetRoute({
    ...common,
    path: '/waveform',
    operationId: 'getWaveform',
    summary: 'Get the waveform of a film’s or a recording’s sound as peaks',
    description: 'In the JSON data format of audiowaveform, as peaks.js and wavesurfer.js take it. If-None-Match with its ETag is answered with 304, Range with 206.',
    query: waveformQuery,
    answers: { ETag: z.string() },
    response: Waveform,
    // Another making is another object: a client asks whether there is one, and need not fetch what it has.
    handle: async ({ scope, query, request, signal }) =>
      sendBytes(request.headers, { ...(await renditions.waveform(scope, { points: query.points, signal })), contentType: 'application/json; charset=utf-8', disposition: undefined, maxAgeSeconds: 0 }),
  }),
  assetRoute({
    ...common,
    path: '/waveform.png',
    operationId: 'getWaveformPicture',
    summary: 'Get the waveform as a picture, by a redirect to its signed URL',
    queryCredential: true,
    response: { redirect: 'To the signed URL of a PNG' },
    handle: async ({ scope }) => redirect(await renditions.waveformLink(scope)),
  }),
]
