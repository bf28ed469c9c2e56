import { defineConfig } from 'vitest/config'

/** What a browser makes of it: needs Debian's chromium, or CHROMIUM_PATH (`npm run test:browser`). */
export default defineConfig({
  test: { include: ['test/browser/**/*.browser.ts'], globalSetup: ['test/support/global-setup.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
})
