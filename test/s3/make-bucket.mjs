// Makes the bucket of test/s3/swift.sh, as soon as the server that was just started answers.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

const { S3_TEST_ENDPOINT: endpoint, S3_TEST_REGION: region, S3_TEST_BUCKET: Bucket, S3_TEST_ACCESS_KEY_ID: accessKeyId, S3_TEST_SECRET_ACCESS_KEY: secretAccessKey } = process.env
const client = new S3Client({ endpoint, region, forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId, secretAccessKey } })

for (let attempt = 1; ; attempt += 1) {
  try {
    await client.send(new CreateBucketCommand({ Bucket }))
    break
  } catch (error) {
    if (attempt === 60) throw error
    await new Promise((done) => setTimeout(done, 500))
  }
}
