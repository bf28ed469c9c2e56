import { fullPath } from '../model/asset-path.ts'
import type { AssetType } from '../model/asset-type.ts'
import type { JobName } from '../model/job-names.ts'
import { objectKeys } from '../objects/object-keys.ts'
import type { LinkSigner } from '../ports/link-signer.ts'
import type { Asset, PreviewImage } from './asset.schemas.ts'
import type { AssetRow } from './assets.repository.ts'

export function presentAsset(row: AssetRow, links: LinkSigner): Asset {
  const state = (name: JobName) => row.jobs?.[name] ?? 'NOT_STARTED'
  const [transcription, facialRecognition] = [state('transcription'), state('facial_recognition')]
  return {
    id: row.id,
    drive_id: row.driveId,
    path: fullPath(row.driveId, row),
    name: row.name,
    extension: row.extension,
    created: row.createdAt.toISOString(),
    updated: row.updatedAt.toISOString(),
    type: row.type as AssetType, // written from the same list
    size_bytes: row.sizeBytes,
    stack_id: null,
    stack_number: null,
    is_fs_draft_blob: false,
    is_fs_null_blob: false,
    rating: null,
    ai_indexed: transcription === 'COMPLETED' && facialRecognition === 'COMPLETED',
    system_metadata: { ...row.systemMetadata },
    custom_metadata: {},
    preview_images: presentPreviews(row, links),
    custom_thumbnail: row.renditions?.thumbnail === undefined ? null : links.picture(objectKeys.rendition(row.driveId, row.id, { kind: 'thumbnail', id: row.renditions.thumbnail })),
    proxy: row.renditions?.proxy === undefined ? null : { id: row.renditions.proxy },
    audio_proxy: row.renditions?.audio_proxy === undefined ? null : { id: row.renditions.audio_proxy },
    category: '',
    palette: row.palette.map(([r, g, b]) => [r, g, b]),
    ocr: null,
    transcription_id: null,
    faces_present: row.facesPresent,
    preview_job_state: state('preview'),
    metadata_job_state: state('metadata'),
    core_vision_job_state: state('core_vision'),
    color_palette_job_state: state('color_palette'),
    core_audio_job_state: state('core_audio'),
    audio_job_state: state('audio'),
    text_job_state: state('text'),
    facial_recognition_job_state: facialRecognition,
    proxy_job_state: state('proxy'),
    audio_proxy_job_state: state('audio_proxy'),
    transcription_job_state: transcription,
    objects: null,
    texture_data: null,
    integration_data: null,
  }
}

export const presentPreviews = ({ driveId, id: assetId, previews }: AssetRow, links: LinkSigner): PreviewImage[] =>
  (previews ?? []).map(([id, frame, timestamp, width, height]) => ({
    id,
    frame,
    signed_url: links.picture(objectKeys.preview(driveId, assetId, id)),
    timestamp,
    width,
    height,
  }))
