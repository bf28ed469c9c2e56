import { objectKeys } from '../../objects/object-keys.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { FaceRow } from './face-views.repository.ts'
import type { Face, Individual } from './faces.schemas.ts'
import type { IndividualRow } from './individuals/individual-views.repository.ts'

export const presentFace = ({ box, ...row }: FaceRow, links: LinkSigner): Face => ({
  id: row.id,
  asset_id: row.assetId,
  individual_id: row.individualId,
  individual_name: row.individualName,
  preview_id: row.previewId,
  frame: row.frame,
  timestamp: row.timestampSeconds === null ? null : Number(row.timestampSeconds),
  bounding_box: { ...box },
  confidence: row.confidence,
  source: row.source as Face['source'], // its constraint admits no other
  thumbnail_url: row.objectId === null ? null : links.picture(objectKeys.face(row.driveId, row.assetId, row.id)),
})

export const presentIndividual = ({ picture, ...row }: IndividualRow, links: LinkSigner): Individual => ({
  id: row.id,
  name: row.name,
  face_count: row.faceCount,
  thumbnail_url: picture && links.picture(objectKeys.face(row.driveId, ...picture)),
  created: row.createdAt.toISOString(),
  updated: row.updatedAt.toISOString(),
})
