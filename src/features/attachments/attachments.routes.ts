import { driveRoute, ok, type Route } from '../../http/define-route.ts'
import { AttachmentDraft, AttachmentUpload } from './attachments.schemas.ts'
import type { AttachmentService } from './attachments.service.ts'

export const attachmentRoutes = (attachments: AttachmentService): Route[] => [
  driveRoute({
    method: 'POST',
    path: '/attachments/upload',
    operationId: 'uploadAttachment',
    tag: 'Attachments',
    summary: 'Get a link to upload an attachment by, and the token that stands for it',
    action: 'comment',
    drive: 'body',
    body: AttachmentDraft,
    response: AttachmentUpload,
    handle: async ({ scope, body }) => ok(await attachments.upload(scope, body)),
  }),
]
