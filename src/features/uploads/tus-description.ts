import { z } from 'zod'
import type { Refusals } from '../../http/define-route.ts'
import { mostMetadata } from './tus-headers.ts'
import { checksumAlgorithms } from './upload-chunk.ts'

export const version = '1.0.0'
export const chunkType = 'application/offset+octet-stream'

/** What requests say in their heads; tus-headers.ts reads them. */
export const resumable = { 'tus-resumable': z.literal(version).describe('The version of the protocol') }
const checksum = z.string().optional().describe(`Of these bytes: ${Object.keys(checksumAlgorithms).join(', ')}, a space, the digest in base64. Where it does not match, nothing of them is kept (460)`)
const metadata = z
  .string()
  .max(mostMetadata)
  .describe(
    'Keys, each with its value in base64, separated by commas: `path` (`folder/file.mov`; without it `filename`, a name in the root), `mime_type` (or `filetype`), `on_conflict`: `refuse` (409 with `asset_id`, the default), `rename` (`file (2).mov`) or `version` (`file_v2.mov`). Others are yours, and told again by HEAD',
  )
export const beginning = { ...resumable, 'upload-length': z.int().min(0).describe('How many bytes the file has'), 'upload-metadata': metadata, 'upload-checksum': checksum }
export const appending = { ...resumable, 'upload-offset': z.int().min(0).describe('Where these bytes begin, as HEAD tells'), 'upload-checksum': checksum }

export const takenNote = 'Where the path was taken meanwhile and `on_conflict` is `refuse` the answer is 409; the bytes stay until the upload expires, and asking again tries again.'

const offset = z.int().min(0).describe('Bytes that are kept: where to go on')
/** One of the two, on what tells how far an upload is. */
const whereItIs = {
  'Upload-Expires': z.string().describe('When it is given up if nothing more comes; a date as HTTP writes it. Left out once it is an asset'),
  'Dailies-Asset-Id': z.guid().describe('The asset that it has become'),
}
export const beginAnswers = { Location: z.string().describe('Takes the bytes by PATCH; a path, to be read against this server’s origin'), 'Upload-Offset': offset.describe('How many of the bytes that came along are kept'), ...whereItIs }
export const appendAnswers = { 'Upload-Offset': offset, ...whereItIs }
export const progressAnswers = { 'Upload-Offset': offset, 'Upload-Length': z.int().min(0).describe('How many bytes the file has'), 'Upload-Metadata': z.string().describe('As it was begun with'), ...whereItIs }
export const abilities = {
  'Tus-Version': z.literal(version),
  'Tus-Extension': z.string().describe('Separated by commas'),
  'Tus-Checksum-Algorithm': z.string().describe('Separated by commas'),
  'Tus-Max-Size': z.int().describe('Bytes that an upload may have'),
}

const otherVersion = { precondition_failed: '`Tus-Resumable` is missing or another version than that in `Tus-Version`' } as const
const underWay = { ...otherVersion, gone: 'Expired', locked: 'Another request is at this upload; `Retry-After` tells when to try again' } as const
const wrongBytes = {
  malformed: 'An `Upload-Checksum` that cannot be read, or bytes that broke off',
  checksum_mismatch: 'The bytes do not have their checksum; nothing of them is kept',
} as const
const taken = 'Another asset has the path; `asset_id` names it'
export const refusals = {
  create: { ...otherVersion, ...wrongBytes, conflict: taken, too_large: 'More bytes than an upload may have, or than it was said to have' },
  look: { ...underWay, conflict: taken },
  append: {
    ...underWay,
    ...wrongBytes,
    conflict: `Not where the upload goes on, which \`Upload-Offset\` tells; or all bytes are there and another asset has the path, which \`asset_id\` names`,
    too_large: 'More bytes than are missing',
    unsupported_media_type: `The bytes of an upload have the Content-Type ${chunkType}`,
  },
  end: { ...underWay, gone: 'Expired, or an asset by now, which is deleted as such' },
} as const satisfies Readonly<Record<string, Refusals>>
