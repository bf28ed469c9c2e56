import { z } from 'zod'
import { assetRoute, ok, type Route } from '../../http/define-route.ts'
import { Face, FaceChange, FaceDraft } from './faces.schemas.ts'
import type { FaceService } from './faces.service.ts'
import type { MarkFace } from './mark-face.ts'

const tag = 'Faces'
const params = { face_id: z.guid().describe('The face, as GET …/faces lists it') }

export const faceRoutes = (faces: FaceService, mark: MarkFace): Route[] => [
  assetRoute({
    method: 'GET',
    path: '/faces',
    operationId: 'listFaces',
    tag,
    summary: 'Get all the faces for an asset',
    action: 'read',
    response: z.array(Face),
    handle: async ({ scope }) => ok(await faces.list(scope)),
  }),
  assetRoute({
    method: 'POST',
    path: '/faces',
    operationId: 'addFace',
    tag,
    summary: 'Mark a face by hand',
    action: 'edit',
    drive: 'body',
    body: FaceDraft,
    response: Face,
    handle: async ({ scope, body, signal }) => ok(await mark(scope, body, signal)),
  }),
  assetRoute({
    method: 'PUT',
    path: '/faces/{face_id}',
    operationId: 'assignFace',
    tag,
    summary: 'Say whose face it is',
    action: 'edit',
    drive: 'body',
    params,
    body: FaceChange,
    response: Face,
    handle: async ({ scope, params, body }) => ok(await faces.assign(scope, params.face_id, body)),
  }),
  assetRoute({
    method: 'DELETE',
    path: '/faces/{face_id}',
    operationId: 'removeFace',
    tag,
    summary: 'Remove a face',
    action: 'edit',
    params,
    response: z.literal(true),
    handle: async ({ scope, params }) => ok(await faces.remove(scope, params.face_id)),
  }),
]
