import type { AssetScope } from '../access/scope.ts'
import { conflict, invalid } from '../errors.ts'
import { objectKeys } from '../objects/object-keys.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { Attachment, AttachmentTokens } from './attachment-token.ts'
import type { AttachmentRepository } from './attachments.repository.ts'

interface Needs {
  readonly store: { readonly attachments: AttachmentRepository }
  readonly storage: ObjectStorage
  readonly tokens: AttachmentTokens
}
interface Given {
  readonly token: string
  /** Where it stands in the request, for the refusal. */
  readonly loc: readonly (string | number)[]
}

export const usedAlready = () => conflict('Attachment token was used already')

/**
 * The file that a token stands for: on the caller's drive, theirs, not used yet, and in the store as large as was declared. Whoever goes on with it uses
 * it up in their transaction, where another may have been quicker.
 */
export async function uploadedAttachment({ store, storage, tokens }: Needs, { driveId, caller }: AssetScope<'read'>, { token, loc }: Given): Promise<Attachment> {
  const refused = (msg: string) => invalid({ loc, msg, type: 'attachment_token' })
  const attachment = tokens.read(token)
  if (attachment?.driveId !== driveId || attachment.uploader !== caller.userId) throw refused('Attachment token is invalid or expired')
  const head = await storage.head(objectKeys.attachment(driveId, attachment.id))
  if (!(await store.attachments.isWaiting(driveId, attachment.id))) throw usedAlready() // asked last: who uses it up removes the object
  if (head?.size !== attachment.size) throw refused('Attachment is not uploaded')
  return attachment
}
