import type { ObjectStorage } from '../../ports/object-storage.ts'
import { assertObjectKey } from '../object-key.ts'
import { AppError, unavailable } from '../../errors.ts'
import { S3Connection, type S3Settings } from './s3.connection.ts'
import { copyObject } from './s3.copy.ts'
import { deleterOn } from './s3.delete.ts'
import { signGet, signPut } from './s3.links.ts'
import { listObjects } from './s3.list.ts'
import { multipartOn } from './s3.multipart.ts'
import { headObject, openObject } from './s3.read.ts'
import { resumableOn } from './s3.resumable.ts'
import { putObject } from './s3.write.ts'

export type { S3Settings } from './s3.connection.ts'

export interface S3Storage extends ObjectStorage {
  /** Closes idle connections. */
  close(): Promise<void>
}

/** Objects in one bucket of an S3 server. Nothing is loaded or connected before the first use. */
export function createS3(settings: S3Settings): S3Storage {
  const s3 = new S3Connection(settings)
  const multipart = multipartOn(s3)
  const deleteAll = deleterOn(s3)
  return {
    async open(key, options = {}) {
      assertObjectKey(key)
      return openObject(s3, key, options)
    },

    async head(key, signal) {
      assertObjectKey(key)
      return headObject(s3, key, signal)
    },

    async put(key, body, options) {
      assertObjectKey(key)
      return putObject(s3, multipart, { ...options, key, body })
    },

    multipart,
    resumable: resumableOn({ s3, multipart, deleteAll }),

    async copy(from, to, { contentType }) {
      for (const key of [from, to]) assertObjectKey(key)
      return copyObject(s3, multipart, { from, to, contentType })
    },

    list: (prefix, { after = '', limit = Infinity } = {}) => listObjects(s3, prefix, { after, limit }),

    async delete(keys) {
      for (const key of keys) assertObjectKey(key)
      await deleteAll(keys)
    },

    async signGet(key, link) {
      assertObjectKey(key)
      return signGet(s3, key, link)
    },

    async signPut(key, link) {
      assertObjectKey(key)
      return signPut(s3, key, link)
    },

    localPath: () => undefined,
    sweep: async () => 0,

    async check(signal) {
      try {
        await s3.call('ask', ({ client, sdk, options }) => client.send(new sdk.HeadBucketCommand({ Bucket: s3.bucket }), options), signal)
      } catch (error) {
        // HEAD has no body to say what is missing.
        if (error instanceof AppError && error.code === 'not_found') throw unavailable('The object store has no such bucket', error)
        throw error
      }
    },

    close: () => s3.close(),
  }
}
