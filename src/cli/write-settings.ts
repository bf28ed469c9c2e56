import { readFile, writeFile } from 'node:fs/promises'
import { settingsAsEnv, settingsAsTable } from './settings-text.ts'

/** Writes the settings where people look for them: the README's table and `.env.example`. Answers both names. */
export async function writeSettings(): Promise<readonly string[]> {
  const readme = await readFile('README.md', 'utf8')
  await writeFile('README.md', readme.replace(/<!-- settings -->[^]*<!-- \/settings -->/, () => `<!-- settings -->\n${settingsAsTable()}\n<!-- /settings -->`))
  await writeFile('.env.example', `${settingsAsEnv()}\n`)
  return ['README.md', '.env.example']
}
