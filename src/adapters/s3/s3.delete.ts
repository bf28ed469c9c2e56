import pLimit from 'p-limit'
import { unavailable } from '../../errors.ts'
import { isNotFound } from '../object-faults.ts'
import type { S3Connection } from './s3.connection.ts'
import { statusBehind } from './s3.errors.ts'

/** S3's limit for one request. */
const keysAtOnce = 1000
const requestsAtOnce = 16
/** How servers answer that do not know DeleteObjects, or want the Content-MD5 that SDKs no longer send. */
const lacking = new Set([400, 405, 411, 501])

/** Deletes many by one request where the store can; finds that out once. */
export function deleterOn(s3: S3Connection): (keys: readonly string[]) => Promise<void> {
  let deletesMany = true
  return async (keys) => {
    for (let from = 0; from < keys.length; from += keysAtOnce) {
      const batch = keys.slice(from, from + keysAtOnce)
      if (batch.length > 1 && deletesMany) deletesMany = await deleteTogether(s3, batch)
      if (batch.length === 1 || !deletesMany) await deleteSingly(s3, batch)
    }
  }
}

/** False when the store lacks the operation; then nothing has been deleted. */
async function deleteTogether(s3: S3Connection, keys: readonly string[]): Promise<boolean> {
  const input = { Bucket: s3.bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } }
  try {
    const { Errors: failed = [] } = await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.DeleteObjectsCommand(input), options))
    const first = failed.find(({ Code }) => Code !== 'NoSuchKey')
    if (first) throw unavailable('The object store did not delete everything', first)
    return true
  } catch (error) {
    if (lacking.has(statusBehind(error) ?? 0)) return false
    throw error
  }
}

async function deleteSingly(s3: S3Connection, keys: readonly string[]): Promise<void> {
  const atOnce = pLimit(requestsAtOnce)
  await Promise.all(keys.map((key) => atOnce(deleteOne, s3, key)))
}

async function deleteOne(s3: S3Connection, key: string): Promise<void> {
  try {
    await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.DeleteObjectCommand({ Bucket: s3.bucket, Key: key }), options))
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
