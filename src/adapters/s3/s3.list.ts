import type { S3Connection } from './s3.connection.ts'

/** S3's limit for one answer. */
const keysAtOnce = 1000

export interface Listed {
  readonly key: string
  readonly size: number
  readonly modified: Date
}

/** S3 lists in ascending byte order by itself. */
export async function* listObjects(s3: S3Connection, prefix: string, page: { readonly after: string; readonly limit: number }): AsyncIterable<Listed> {
  let left = page.limit
  let place: Place = page.after === '' ? {} : { StartAfter: page.after }
  while (left > 0) {
    const { found, next } = await pageOf(s3, { Prefix: prefix, MaxKeys: Math.min(keysAtOnce, left), ...place })
    yield* found
    left -= found.length
    if (next === undefined) return
    place = { ContinuationToken: next }
  }
}

interface Place {
  readonly StartAfter?: string
  readonly ContinuationToken?: string
}

interface Page {
  readonly found: readonly Listed[]
  readonly next: string | undefined
}

async function pageOf(s3: S3Connection, asked: Place & { readonly Prefix: string; readonly MaxKeys: number }): Promise<Page> {
  const answer = await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.ListObjectsV2Command({ Bucket: s3.bucket, ...asked }), options))
  const found = (answer.Contents ?? []).map(({ Key = '', Size = 0, LastModified = new Date(0) }) => ({ key: Key, size: Size, modified: LastModified }))
  return { found, next: answer.IsTruncated === true ? answer.NextContinuationToken : undefined }
}
