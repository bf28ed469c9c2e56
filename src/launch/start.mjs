// `npm start`: installs and builds what is missing, then is the server. In production it only starts what was built.
import './node-version.mjs'
import { existsSync } from 'node:fs'
import module from 'node:module'

const { ensureBuilt, ensureInstalled, orExplain } = await import('./ensure.mjs')
const main = new URL('../../dist/main.js', import.meta.url)

if (process.env.NODE_ENV !== 'production') {
  await orExplain(async () => {
    await ensureInstalled()
    await ensureBuilt()
  })
} else if (!existsSync(main)) {
  process.stderr.write('There is no dist/ to start: run `npm ci && npm run build` first.\n')
  process.exit(1)
}
module.enableCompileCache?.() // Node 22 and later start faster the second time
await import(main.href) // in this process: signals reach the server itself
