import { z } from 'zod'
import { Asset } from '../../assets/asset.schemas.ts'
import { assetRoute, ok, type Route } from '../../http/define-route.ts'
import type { ThumbnailService } from './thumbnails.service.ts'

const tag = 'Thumbnails'
const path = '/custom-thumbnail'

const CustomThumbnail = z.object({ attachment_token: z.string().min(1).max(8192).optional().describe('The token of an uploaded image') }).meta({ id: 'CustomThumbnail' })

export const thumbnailRoutes = (thumbnails: ThumbnailService): Route[] => [
  assetRoute({
    method: 'POST',
    path,
    operationId: 'setCustomThumbnail',
    tag,
    summary: 'Set Custom Thumbnail',
    description: 'Takes the token of an uploaded image (`POST /attachments/upload`) and uses it up. The image is drawn anew: upright, in sRGB, without metadata, the longer side at most 1920 pixels.',
    action: 'edit',
    drive: 'body',
    driveRequired: false,
    body: CustomThumbnail,
    refusals: { conflict: 'The token was used already', too_large: 'The image has more bytes than a thumbnail may have' },
    response: Asset,
    handle: async ({ scope, body, signal }) => ok(await thumbnails.set(scope, body.attachment_token, signal)),
  }),
  assetRoute({
    method: 'DELETE',
    path,
    operationId: 'resetCustomThumbnail',
    tag,
    summary: 'Reset Custom Thumbnail',
    action: 'edit',
    response: Asset,
    handle: async ({ scope }) => ok(await thumbnails.reset(scope)),
  }),
]
