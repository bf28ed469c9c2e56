import { z } from 'zod'
import { defineJob, onAsset } from '../../jobs/define-job.ts'

/** Looks at a source: what it is, how long, how large; then orders what is to be made of it. */
export const inspectAsset = defineJob({ name: 'assets:inspect', payload: z.object(onAsset), maxAttempts: 12, timeoutSeconds: 12 * 3600 })

/** Asset jobs that one pass over a source does. `preview` is poster and storyboard too; `audio` is the waveform. */
export const renderable = ['preview', 'color_palette', 'proxy', 'audio_proxy', 'audio'] as const
export type Renderable = (typeof renderable)[number]

/** Makes these of a source, in one pass over it. */
export const renderAsset = defineJob({
  name: 'assets:render',
  payload: z.object({ ...onAsset, outputs: z.array(z.enum(renderable)).min(1) }),
  maxAttempts: 12,
  timeoutSeconds: 24 * 3600,
})
