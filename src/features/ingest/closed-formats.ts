import { MediaError } from '../../ports/media-engine.ts'

/** Recordings that only their maker's software decodes. Some come in a container that opens, with sound that plays. */
const names: Readonly<Record<string, string>> = { braw: 'Blackmagic RAW', r3d: 'REDCODE RAW', ari: 'ARRIRAW', arx: 'ARRIRAW', crm: 'Cinema RAW Light' }

/** Says so in place of blaming the file; undefined for all other names. */
export function closedFormat(extension: string): MediaError | undefined {
  const name = names[extension]
  return name === undefined ? undefined : new MediaError(`${name} cannot be decoded here: only its maker’s software can. Export the film as ProRes, DNxHR or H.264.`)
}
