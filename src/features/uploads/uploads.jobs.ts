import { z } from 'zod'
import { defineJob, onDrive } from '../../jobs/define-job.ts'

/** For the upload whose request was killed after its last byte; all others take the order back. */
export const finishUpload = defineJob({ name: 'uploads:finish', payload: z.object({ ...onDrive, upload_id: z.guid() }), maxAttempts: 12, timeoutSeconds: 3600, delaySeconds: 30 })
export const finishKey = (uploadId: string) => `upload:${uploadId}`

export const sweepUploads = defineJob({ name: 'uploads:sweep', payload: z.looseObject({}), maxAttempts: 3, timeoutSeconds: 3600, cron: '37 * * * *' })
