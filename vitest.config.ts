import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/s3/**'], // against a real server: npm run test:s3
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: Math.max(2, availableParallelism() - 1), // two on two cores too: most wait for a process or a disk
    testTimeout: 20_000, // real servers and real media on two slow cores
    hookTimeout: 60_000,
    restoreMocks: true,
  },
})
