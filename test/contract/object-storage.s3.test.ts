import { createS3 } from '../../src/adapters/s3/s3.ts'
import { startS3Double } from '../support/s3-double.ts'
import { objectStorageContract, signedLinksContract } from './object-storage.contract.ts'
import { partBytes as resumablePartBytes } from './object-storage/resumable.ts'

/** So that the contract copies in parts too. */
const copyAtOnceBytes = 6 * 1024 * 1024

async function start() {
  const double = await startS3Double()
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = double
  const connect = () => createS3({ endpoint, bucket, region, accessKeyId, secretAccessKey, forcePathStyle: true, copyAtOnceBytes, resumablePartBytes })
  const [store, another] = [connect(), connect()]
  const close = async () => {
    for (const each of [store, another]) await each.close()
    await double.close()
  }
  return { double, store, another, close }
}

objectStorageContract('S3 (our double)', start)

signedLinksContract('S3 (our double)', async () => ({
  ...(await start()),
  follow: (url, init) => fetch(url, init),
  parameters: { expires: 'X-Amz-Expires', disposition: 'response-content-disposition', contentType: 'response-content-type', signature: 'X-Amz-Signature' },
}))
