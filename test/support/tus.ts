import type { InjectOptions } from 'fastify'
import { expect } from 'vitest'
import type { Harness, Person } from './harness.ts'

export const chunkType = 'application/offset+octet-stream'
export const base64 = (text: string) => Buffer.from(text).toString('base64')
export const metadataOf = (fields: Readonly<Record<string, string>>) => Object.entries(fields).map(([key, value]) => `${key} ${base64(value)}`).join(',')

type Headers = Readonly<Record<string, string | number>>

/** Uploads by the letter of the protocol, of one person on one drive. */
export function tusOn(api: Harness, who: Person, driveId: string) {
  const collection = `/workspaces/drives/${driveId}/uploads`
  const send = (request: InjectOptions) => api.as(who)({ ...request, headers: { 'tus-resumable': '1.0.0', ...request.headers } })
  const create = (length: number | string, fields: Readonly<Record<string, string>>, headers: Headers = {}) =>
    send({ method: 'POST', url: collection, headers: { 'upload-length': String(length), 'upload-metadata': metadataOf(fields), ...headers } })
  return {
    collection,
    send,
    create,
    /** Its address. */
    async begun(length: number, fields: Readonly<Record<string, string>> | string): Promise<string> {
      const answer = await create(length, typeof fields === 'string' ? { path: fields } : fields)
      expect(answer.statusCode).toBe(201)
      return String(answer.headers.location)
    },
    patch: (url: string, offset: number | string, payload: Buffer | string, headers: Headers = {}) =>
      send({ method: 'PATCH', url, payload, headers: { 'content-type': chunkType, 'upload-offset': String(offset), ...headers } }),
    head: (url: string) => send({ method: 'HEAD', url }),
    end: (url: string) => send({ method: 'DELETE', url }),
  }
}

export const idIn = (url: string): string => url.split('/').at(-1) ?? ''
