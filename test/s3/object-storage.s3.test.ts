import { describe, test } from 'vitest'
import { createS3 } from '../../src/adapters/s3/s3.ts'
import { objectStorageContract, signedLinksContract } from '../contract/object-storage.contract.ts'
import { partBytes as resumablePartBytes } from '../contract/object-storage/resumable.ts'
import type { Lacks } from '../contract/object-storage/suite.ts'

const { S3_TEST_ENDPOINT: endpoint, S3_TEST_BUCKET: bucket, S3_TEST_ACCESS_KEY_ID: accessKeyId, S3_TEST_SECRET_ACCESS_KEY: secretAccessKey, S3_TEST_REGION: region, S3_TEST_SERVER: server } = process.env

/** What servers are known not to do, by S3_TEST_SERVER. */
const lacks: Readonly<Record<string, { readonly storage: Lacks; readonly links: Lacks }>> = {
  // OpenStack Swift 2.30 with s3api
  swift: {
    storage: {
      'forgets an upload that is complete': 'it still lists the parts of an upload whose object is there, so that completing twice succeeds',
      'resumes: an append to an upload that is complete finds none': 'as above; who calls knows that it is complete',
    },
    links: {
      'a link says that it serves ranges': 'it sends no Accept-Ranges, though it serves them',
      'a 416 says how large the object is': 'its 416 carries no Content-Range',
      'a link is refused to a POST': 'it answers 501 before it looks at the signature; nothing is stored',
      'a link gives awkward file names as content-disposition writes them by default, in Latin-1': 'it sends the header in UTF-8; what is ASCII comes through',
    },
  },
}

if (endpoint && bucket && accessKeyId && secretAccessKey && region) {
  const start = async () => {
    // So that the contract copies in parts too.
    const copyAtOnceBytes = 6 * 1024 * 1024
    const connect = () => createS3({ endpoint, bucket, region, accessKeyId, secretAccessKey, forcePathStyle: true, copyAtOnceBytes, resumablePartBytes })
    const [store, another] = [connect(), connect()]
    const close = async () => {
      for (const each of [store, another]) await each.close()
    }
    return { store, another, close }
  }
  const { storage, links } = lacks[server ?? ''] ?? { storage: {}, links: {} }
  objectStorageContract(`S3 at ${endpoint}`, start, storage)
  signedLinksContract(
    `S3 at ${endpoint}`,
    async () => ({
      ...(await start()),
      follow: (url, init) => fetch(url, init),
      parameters: { expires: 'X-Amz-Expires', disposition: 'response-content-disposition', contentType: 'response-content-type', signature: 'X-Amz-Signature' },
    }),
    links,
  )
} else {
  describe('object storage on a real S3 server', () => {
    test.skip('runs with S3_TEST_ENDPOINT, S3_TEST_BUCKET, S3_TEST_ACCESS_KEY_ID, S3_TEST_SECRET_ACCESS_KEY and S3_TEST_REGION set', () => undefined)
  })
}
