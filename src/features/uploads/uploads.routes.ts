import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { DriveScope } from '../../access/scope.ts'
import { AppError, withHeaders } from '../../errors.ts'
import { driveRoute, publicRoute, type RawReply, type Route } from '../../http/define-route.ts'
import { rawBody } from '../../http/raw-body.ts'
import { abilities, appendAnswers, appending, beginAnswers, beginning, chunkType, progressAnswers, refusals, resumable, takenNote, version } from './tus-description.ts'
import { readChecksum, readOffset, readOrder } from './tus-headers.ts'
import { checksumAlgorithms } from './upload-chunk.ts'
import type { UploadProgress, UploadService } from './uploads.service.ts'

const tag = 'Uploads'
const answerHeaders = { 'Tus-Resumable': version }
const params = { upload_id: z.guid().describe('The upload, as `Location` named it') }

interface Asked {
  readonly scope: DriveScope<'edit'>
  readonly params: { readonly upload_id: string }
  readonly request: FastifyRequest
  readonly signal: AbortSignal
}

const onDrive = { tag, action: 'edit', drive: 'path', rawBody: true, answerHeaders } as const
const onUpload = { ...onDrive, path: '/uploads/{upload_id}', params } as const

/** https://tus.io/protocols/resumable-upload: 1.0.0 with creation, creation-with-upload, checksum, expiration and termination. */
export const uploadRoutes = (uploads: UploadService, publicUrl: string): Route[] => [
  ...discovery(uploads.maxBytes),
  creation(uploads, pathOf(publicUrl)),
  question(uploads),
  ...changes(uploads),
]

/** Where a proxy serves us below a path. */
const pathOf = (publicUrl: string) => (publicUrl === '' ? '' : new URL(publicUrl).pathname.replace(/\/+$/, ''))

const creation = (uploads: UploadService, publicPath: string) =>
  driveRoute({
    ...onDrive,
    method: 'POST',
    path: '/uploads',
    operationId: 'createUpload',
    summary: 'Begin an upload (tus 1.0)',
    description:
      'Answers 201 with `Location`, which takes the bytes by PATCH. An upload belongs to whoever began it, and expires a day after its last byte (`Upload-Expires`). Bytes may come along, with the type that PATCH takes; the answer then has `Upload-Offset`.',
    headers: beginning,
    consumes: chunkType,
    bodyIsOptional: true,
    answers: beginAnswers,
    refusals: refusals.create,
    response: { empty: 201, description: 'Begun. An upload of 0 bytes is finished, and names its asset in `Dailies-Asset-Id`' },
    handle: async ({ scope, request, signal }) => {
      sameVersion(request)
      const { type, ...chunk } = rawBody(request)
      const sent = type === chunkType ? { ...chunk, offset: 0, checksum: readChecksum(request.headers['upload-checksum']), signal } : undefined
      const begun = await uploads.create(scope, readOrder(request.headers, scope.driveId), signal)
      const prefix = request.originalUrl.startsWith('/v1/') ? '/v1' : ''
      const location = `${publicPath}${prefix}/workspaces/drives/${scope.driveId}/uploads/${begun.id}`
      if (!sent) return empty(201, { location, ...headersOf(begun) })
      // Begun it is all the same: who sends the bytes again must know where to.
      const progress = await uploads.append(scope, begun.id, sent).catch((error: unknown) => Promise.reject(error instanceof AppError ? withHeaders(error, { location }) : error))
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
    answers: progressAnswers,
    refusals: refusals.look,
    response: { empty: 200, description: 'How far it is' },
    handle: async ({ scope, params: { upload_id: id }, request, signal }) => {
      sameVersion(request)
      const progress = await uploads.look(scope, id, signal)
      const metadata = progress.metadata === '' ? {} : { 'upload-metadata': progress.metadata }
      return empty(200, { 'upload-offset': progress.offset, 'upload-length': progress.size, ...metadata, ...headersOf(progress) })
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
      headers: appending,
      consumes: chunkType,
      answers: appendAnswers,
      refusals: refusals.append,
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
      refusals: refusals.end,
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
  const common = { method: 'OPTIONS', tag, answerHeaders, reason: 'it says what the protocol can, and nothing of a drive', answers: abilities, response: { empty: 204, description: 'In its headers' } } as const
  const handle = async () => empty(204, headers)
  return [
    publicRoute({ ...common, path: '/workspaces/drives/{drive_id}/uploads', operationId: 'describeUploads', summary: 'Ask what the upload protocol offers', params: { drive_id: z.string().describe('The drive; it is not looked at') }, handle }),
    publicRoute({ ...common, path: '/workspaces/drives/{drive_id}/uploads/{upload_id}', operationId: 'describeUpload', summary: 'The same, of one upload', hidden: true, params: { drive_id: z.string(), upload_id: z.string() }, handle }),
  ]
}

function sameVersion({ headers }: FastifyRequest) {
  if (headers['tus-resumable'] !== version) throw new AppError('precondition_failed', `Tus-Resumable must be ${version}`, { headers: { 'tus-version': version } })
}

const empty = (status: number, headers: RawReply['headers']): RawReply => ({ status, stream: null, headers: { 'cache-control': 'no-store', ...headers } })

const headersOf = ({ assetId, expires }: UploadProgress) => (assetId === null ? { 'upload-expires': expires.toUTCString() } : { 'dailies-asset-id': assetId })
