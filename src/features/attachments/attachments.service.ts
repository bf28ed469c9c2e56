import type { DriveScope } from '../../access/scope.ts'
import type { AttachmentTokens } from '../../attachments/attachment-token.ts'
import { AppError } from '../../errors.ts'
import { objectKeys } from '../../objects/object-keys.ts'
import type { ObjectRepository } from '../../objects/objects.repository.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import type { AttachmentDraft, AttachmentUpload } from './attachments.schemas.ts'

export type AttachmentService = ReturnType<typeof createAttachmentService>

interface Needs {
  readonly store: { readonly objects: ObjectRepository }
  readonly storage: ObjectStorage
  readonly tokens: AttachmentTokens
  readonly clock: Clock
  readonly mostBytes: number
}

const linkMs = 15 * 60_000

export const createAttachmentService = ({ store, storage, tokens, clock, mostBytes }: Needs) => ({
  /** A place for one file, a link that takes it, and the token that stands for it. What nobody attaches within a day is swept. */
  async upload({ driveId, caller }: DriveScope<'comment'>, { size, name, mime_type: mimeType }: AttachmentDraft): Promise<AttachmentUpload> {
    if (size > mostBytes) throw new AppError('too_large', `An attachment may have ${mostBytes} bytes`)
    const [id, at] = [store.objects.newId(), clock.now()]
    const key = objectKeys.attachment(driveId, id)
    const expires = new Date(at.getTime() + linkMs)
    await store.objects.reserve(driveId, [{ id, kind: 'attachment', key, contentType: mimeType }], at)
    const { url, headers } = await storage.signPut(key, { contentType: mimeType, size, expires })
    const token = tokens.sign({ id, driveId, name, mimeType, size, uploader: caller.userId })
    return { url, token, method: 'PUT', headers: { ...headers }, expires_at: expires.toISOString() }
  },
})
