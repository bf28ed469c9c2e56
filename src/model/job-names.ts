/** The jobs whose states an asset shows; each name is the field of the answer without `_job_state`. */
export const jobNames = [
  'preview', 'metadata', 'core_vision', 'color_palette', 'core_audio', 'audio', 'text', 'facial_recognition', 'proxy', 'audio_proxy', 'transcription',
] as const
export type JobName = (typeof jobNames)[number]

export const jobStates = ['NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'FAILED'] as const
export type JobState = (typeof jobStates)[number]
