import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { DriveScope } from '../../access/scope.ts'
import { AppError } from '../../errors.ts'
import { driveRoute, publicRoute, type RawReply, type Route } from '../../http/define-route.ts'
import { rawBody } from '../../http/raw-body.ts'
import { readChecksum, readOffset, readOrder } from './tus-headers.ts'
import { checksumAlgorithms } from './upload-chunk.ts'
import type { UploadProgress, UploadService } from './uploads.service.ts'

const version = '1.0.0'
const chunkType = 'application/offset+octet-stream'
const tag = 'Uploads'
const answerHeaders = { 'tus-resumable': version }
const params = { upload_id: z.guid().describe('The upload, as `Location` named it') }
const resumable = { 'tus-resumable': z.literal(version).describe('The version of the protocol') }
const uploadLength = z.int().min(0).describe('How many bytes the file has')
const checksum = z.string().optional().describe(`Of these bytes: ${Object.keys(checksumAlgorithms).join(', ')}, a space, the digest in base64. Where it does not match, nothing of them is kept (460)`)
const metadata = z
  .string()
  .describe(
    'Keys, each with its value in base64, separated by commas: `path` (`folder/file.mov`; without it `filename`, a name in the root), `mime_type` (or `filetype`), `on_conflict`: `refuse` (409 with `asset_id`, the default), `rename` (`file (2).mov`) or `version` (`file_v2.mov`)',
  )
const takenNote = 'Where the path was taken meanwhile and `on_conflict` is `refuse` the answer is 409; the bytes stay until the upload expires, and asking again tries again.'

interface Asked {
  readonly scope: DriveScope<'edit'>
  readonly params: { readonly upload_id: string }
  readonly request: FastifyRequest
  readonly signal: AbortSignal
}

const onDrive = { tag, action: 'edit', drive: 'path', rawBody: true, answerHeaders } as const
const onUpload = { ...onDrive, path: '/uploads/{upload_id}', params } as const

/** https://tus.io/protocols/resumable-upload: 1.0.0 with creation, creation-with-upload, checksum, expiration and termination. */
export const uploadRoutes = (uploads: UploadService): Route[] => [...discovery(uploads.maxBytes), creation(uploads), question(uploads), ...changes(uploads)]

const creation = (uploads: UploadService) =>
  driveRoute({
    ...onDrive,
    method: 'POST',
    path: '/uploads',
    operationId: 'createUpload',
    summary: 'Begin an upload (tus 1.0)',
    description:
      'Answers 201 with `Location`, which takes the bytes by PATCH. An upload belongs to whoever began it, and expires a day after its last byte (`Upload-Expires`). Bytes may come along, with the type that PATCH takes; the answer then has `Upload-Offset`.',
    headers: { ...resumable, 'upload-length': uploadLength, 'upload-metadata': metadata, 'upload-checksum': checksum },
    response: { empty: 201, description: 'Begun. An upload of 0 bytes is finished, and names its asset in `Dailies-Asset-Id`' },
    handle: async ({ scope, request, signal }) => {
      sameVersion(request)
      const { type, ...chunk } = rawBody(request)
      const sent = type === chunkType ? { ...chunk, offset: 0, checksum: readChecksum(request.headers['upload-checksum']), signal } : undefined
      const begun = await uploads.create(scope, readOrder(request.headers, scope.driveId), signal)
      const prefix = request.originalUrl.startsWith('/v1/') ? '/v1' : ''
      const location = `${prefix}/workspaces/drives/${scope.driveId}/uploads/${begun.id}`
      if (!sent) return empty(201, { location, ...headersOf(begun) })
      const progress = await uploads.append(scope, begun.id, sent)
      return empty(201, { location, 'upload-offset': progress.offset, ...headersOf(progress) })
    },
  })

const question = (uploads: UploadService) =>
  driveRoute({
    ...onUpload,
    method: 'HEAD',
    operationId: 'getUpload',
    summary: 'Ask how far an upload has come',
    description: `\`Upload-Offset\` is where to go on; a finished upload names its asset in \`Dailies-Asset-Id\`. A request that still writes is ended first. ${takenNote}`,
    headers: resumable,
    response: { empty: 200, description: '`Upload-Offset`, `Upload-Length`, `Upload-Expires`' },
    handle: async ({ scope, params: { upload_id: id }, request, signal }) => {
      sameVersion(request)
      const progress = await uploads.look(scope, id, signal)
      return empty(200, { 'upload-offset': progress.offset, 'upload-length': progress.size, ...headersOf(progress) })
    },
  })

function changes(uploads: UploadService): Route[] {
  async function append({ scope, params: { upload_id: id }, request, signal }: Asked): Promise<RawReply> {
    sameVersion(request)
    const { headers } = request
    const { type, ...chunk } = rawBody(request)
    if (type !== chunkType) throw new AppError('unsupported_media_type', `The bytes of an upload have the Content-Type ${chunkType}`)
    const progress = await uploads.append(scope, id, { ...chunk, offset: readOffset(headers['upload-offset']), checksum: readChecksum(headers['upload-checksum']), signal })
    return empty(204, { 'upload-offset': progress.offset, ...headersOf(progress) })
  }

  async function end({ scope, params: { upload_id: id }, request, signal }: Asked): Promise<RawReply> {
    sameVersion(request)
    await uploads.end(scope, id, signal)
    return empty(204, {})
  }

  return [
    driveRoute({
      ...onUpload,
      method: 'PATCH',
      operationId: 'appendToUpload',
      summary: 'Send bytes of an upload',
      description: `Answers 204 with the new \`Upload-Offset\`, and after the last byte with \`Dailies-Asset-Id\`. ${takenNote}`,
      headers: { ...resumable, 'upload-offset': z.int().min(0).describe('Where these bytes begin, as HEAD tells'), 'upload-checksum': checksum },
      consumes: chunkType,
      response: { empty: 204, description: 'Kept, up to `Upload-Offset`' },
      handle: append,
    }),
    driveRoute({
      ...onUpload,
      method: 'DELETE',
      operationId: 'endUpload',
      summary: 'Give an upload up',
      description: 'What has become an asset (410) is deleted as such.',
      headers: resumable,
      response: { empty: 204, description: 'Its bytes are gone' },
      handle: end,
    }),
    driveRoute({
      ...onUpload,
      method: 'POST',
      operationId: 'overrideUploadMethod',
      summary: 'PATCH or DELETE, where a client can send neither',
      hidden: true,
      response: { empty: 204, description: 'As the method in X-HTTP-Method-Override' },
      handle: async (asked) => {
        const method = asked.request.headers['x-http-method-override']
        if (method === 'PATCH') return append(asked)
        if (method === 'DELETE') return end(asked)
        throw new AppError('method_not_allowed', 'POST stands for what X-HTTP-Method-Override names: PATCH or DELETE', { headers: { allow: 'HEAD, PATCH, DELETE, OPTIONS' } })
      },
    }),
  ]
}

/** What the server can do of the protocol; the same on every drive, whether there is one or not. */
function discovery(maxBytes: number): Route[] {
  const headers = { 'tus-version': version, 'tus-extension': 'creation,creation-with-upload,checksum,expiration,termination', 'tus-checksum-algorithm': Object.keys(checksumAlgorithms).join(','), 'tus-max-size': maxBytes }
  const common = { method: 'OPTIONS', tag, answerHeaders, reason: 'it says what the protocol can, and nothing of a drive', response: { empty: 204, description: '`Tus-Version`, `Tus-Extension`, `Tus-Checksum-Algorithm`, `Tus-Max-Size`' } } as const
  const handle = async () => empty(204, headers)
  return [
    publicRoute({ ...common, path: '/workspaces/drives/{drive_id}/uploads', operationId: 'describeUploads', summary: 'Ask what the upload protocol offers', params: { drive_id: z.string() }, handle }),
    publicRoute({ ...common, path: '/workspaces/drives/{drive_id}/uploads/{upload_id}', operationId: 'describeUpload', summary: 'The same, of one upload', hidden: true, params: { drive_id: z.string(), upload_id: z.string() }, handle }),
  ]
}

function sameVersion({ headers }: FastifyRequest) {
  if (headers['tus-resumable'] !== version) throw new AppError('precondition_failed', `Tus-Resumable must be ${version}`, { headers: { 'tus-version': version } })
}

const empty = (status: number, headers: RawReply['headers']): RawReply => ({ status, stream: null, headers: { 'cache-control': 'no-store', ...headers } })

const headersOf = ({ assetId, expires }: UploadProgress) => (assetId === null ? { 'upload-expires': expires.toUTCString() } : { 'dailies-asset-id': assetId })
