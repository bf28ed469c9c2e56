import { defineConfig } from 'vitest/config'

// The object-storage contract against a real S3 server; `sh test/s3/swift.sh` starts one and calls this.
const needed = ['S3_TEST_ENDPOINT', 'S3_TEST_BUCKET', 'S3_TEST_ACCESS_KEY_ID', 'S3_TEST_SECRET_ACCESS_KEY', 'S3_TEST_REGION']
const missing = needed.filter((name) => !process.env[name])
if (missing.length > 0) {
  console.error(`npm run test:s3 writes to, and cleans up in, a bucket of yours. Set ${missing.join(', ')}, or try it on Swift: sh test/s3/swift.sh`)
  process.exit(1)
}

export default defineConfig({ test: { include: ['test/s3/**/*.test.ts'], testTimeout: 60_000, reporters: ['verbose'] } })
