import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { startServer } from '../support/started-server.ts'

let server: Awaited<ReturnType<typeof startServer>>
let browser: Browser
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

test('the docs page authorises with the demo key and runs GET /assets/{asset_id}', async () => {
  const demo = await server.demo()
  const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } })
  const faults: string[] = []
  page.on('console', (message) => (message.type() === 'error' ? faults.push(message.text()) : undefined))
  page.on('requestfailed', (request) => faults.push(`${request.url()} failed`))
  await page.goto(`${server.origin}/docs`)
  await page.getByRole('button', { name: 'Authorize' }).first().click()
  const key = page.locator('.auth-container').filter({ hasText: 'ApiKey' })
  await key.locator('input').fill(demo.api_key)
  await key.locator('button.authorize').click()
  await page.locator('.dialog-ux .btn-done').first().click()

  const operation = page.locator('#operations-Assets-getAsset')
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('tr[data-param-name="asset_id"] input').fill(demo.assets['/spots/spot_v1.mp4'] ?? '')
  await operation.locator('tr[data-param-name="drive_id"] input').fill(demo.drive_id)
  const answered = page.waitForResponse((response) => response.url().includes('/assets/') && response.request().method() === 'GET')
  await operation.getByRole('button', { name: 'Execute' }).click()
  const response = await answered
  expect(response.status()).toBe(200)
  await operation.locator('.responses-table .response .highlight-code').first().waitFor()
  expect(await operation.locator('.live-responses-table').innerText()).toContain('spot_v1.mp4')
  expect(faults).toEqual([])

  const folder = process.env['SCREENSHOTS']
  if (folder) {
    await mkdir(folder, { recursive: true })
    await operation.scrollIntoViewIfNeeded()
    await page.screenshot({ path: join(folder, 'docs.png') })
  }
})
