import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../src/access/actions.ts'
import { awkwardNames } from '../support/awkward-names.ts'
import { openBrowser } from '../support/browser.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let api: Harness
let browser: Browser
let origin: string
beforeAll(async () => {
  ;[api, browser] = await Promise.all([startHarness(), openBrowser()])
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  origin = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}` // a TCP server's address
})
afterAll(async () => {
  await browser?.close()
  await api?.stop()
})

/** What Chromium itself will not have in a file's name, whatever a server says. */
const forbidden = /["*/:<>?\\|~\p{Cc}\p{Cf}]/gu

test.each(awkwardNames.map((name) => [name.replaceAll('\0', '')]))('a browser saves %j under that name, in its own folder', async (name) => {
  const drive = await api.drive()
  const member = await drive.member(roles.DOWNLOADER)
  const id = await drive.asset({ bytes: Buffer.from('the film') })
  const link = (await api.as(member)({ url: `/assets/${id}/download`, query: { drive_id: drive.driveId, origin_type: 'SOURCE', name } })).json<string>()
  const page = await browser.newPage()
  const [download] = await Promise.all([page.waitForEvent('download'), page.goto(origin + link).catch(() => undefined)]) // a page that becomes a download never arrives
  const saved = download.suggestedFilename()
  expect(await readFile(await download.path(), 'utf8')).toBe('the film')
  expect(saved).not.toMatch(/[/\\\p{Cc}\u202a-\u202e]/u)
  expect(['', '.', '..']).not.toContain(saved)
  const comparable = (text: string) => text.normalize('NFC').replaceAll(forbidden, '_').replaceAll(/^[\s.]+|[\s.]+$/g, '').replaceAll(/[_\s]+/g, '_')
  // A name that is too long for a file system is cut by the browser.
  if (Buffer.byteLength(name) <= 200) expect(comparable(saved)).toBe(comparable(name) === '' ? 'file' : comparable(name))
  await page.close()
})
