import { z } from 'zod'
import { assetTypes } from '../model/asset-type.ts'
import { jobStates } from '../model/job-names.ts'

const JobState = z.enum(jobStates).meta({ id: 'JobState', description: 'NOT_STARTED: waits, or nothing is configured to do it. COMPLETED: done, or does not apply to this type.' })

export const PreviewImage = z
  .object({
    id: z.guid(),
    frame: z.int().describe('Number of the source frame, from 0'),
    signed_url: z.string().describe('Works without credentials until it expires'),
    timestamp: z.number().nullable().describe('Seconds from the first frame; null for stills'),
    width: z.int(),
    height: z.int(),
  })
  .meta({ id: 'PreviewImage' })
export type PreviewImage = z.infer<typeof PreviewImage>

const Reference = z.object({ id: z.guid() }).nullable()
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

export const Asset = z
  .object({
    id: z.guid(),
    drive_id: z.guid(),
    path: z.string().describe('Led by the drive: `/{drive_id}/folder/file.mov`'),
    name: z.string(),
    extension: z.string(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    type: z.enum(assetTypes),
    size_bytes: z.int(),
    stack_id: z.guid().nullable(),
    stack_number: z.int().nullable(),
    is_fs_draft_blob: z.boolean().describe('The upload is not finished'),
    is_fs_null_blob: z.boolean().describe('An empty placeholder'),
    rating: z.number().nullable(),
    ai_indexed: z.boolean(),
    system_metadata: z.record(z.string(), scalar).describe('From the probe: width, height, duration (seconds), frame_rate (`24000/1001`), video_codec, audio_codec, timecode, rotation, …'),
    custom_metadata: z.record(z.string(), z.union([scalar, z.array(z.string())])),
    preview_images: z.array(PreviewImage),
    custom_thumbnail: z.string().nullable(),
    proxy: Reference,
    audio_proxy: Reference,
    category: z.string(),
    palette: z.array(z.tuple([z.int(), z.int(), z.int()])),
    ocr: z.string().nullable(),
    transcription_id: z.guid().nullable(),
    faces_present: z.boolean(),
    preview_job_state: JobState,
    metadata_job_state: JobState,
    core_vision_job_state: JobState,
    color_palette_job_state: JobState,
    core_audio_job_state: JobState,
    audio_job_state: JobState,
    text_job_state: JobState,
    facial_recognition_job_state: JobState,
    proxy_job_state: JobState,
    audio_proxy_job_state: JobState,
    transcription_job_state: JobState,
    objects: z.array(z.unknown()).nullable(),
    texture_data: z.unknown().nullable(),
    integration_data: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'Asset' })
export type Asset = z.infer<typeof Asset>
