import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const path = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

/** A headless Chromium that talks to nobody but the pages under test. */
export async function openBrowser(): Promise<Browser> {
  if (!existsSync(path)) throw new Error(`There is no ${path}: apt-get install chromium, or set CHROMIUM_PATH`)
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({ executablePath: path, args })
}
