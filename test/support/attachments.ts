import type { Harness, Person } from './harness.ts'

export interface UploadAnswer {
  readonly url: string
  readonly token: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly expires_at: string
}

/** What clients do with attachments: ask for a place, and send the bytes there. */
export function attachments(api: Harness) {
  const ask = (who: Person, driveId: string, draft: object) => api.as(who)({ method: 'POST', url: '/attachments/upload', payload: { drive_id: driveId, name: 'a.png', mime_type: 'image/png', size: 1, ...draft } })
  const put = ({ url, headers }: Pick<UploadAnswer, 'url' | 'headers'>, bytes: Buffer) => api.app.inject({ method: 'PUT', url, headers, payload: bytes })
  return {
    ask,
    put,
    /** The token of bytes that are there. */
    async uploaded(who: Person, driveId: string, bytes: Buffer, draft: object = {}): Promise<string> {
      const answer = await ask(who, driveId, { size: bytes.length, ...draft })
      if (answer.statusCode !== 200) throw new Error(answer.body)
      const upload = answer.json<UploadAnswer>()
      const sent = await put(upload, bytes)
      if (sent.statusCode !== 200) throw new Error(sent.body)
      return upload.token
    },
  }
}
