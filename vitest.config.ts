import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/s3/**'], // against a real server: npm run test:s3
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 20_000, // real servers and real media on two slow cores
    hookTimeout: 60_000,
    restoreMocks: true,
  },
})
